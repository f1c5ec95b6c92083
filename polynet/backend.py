"""Which backends there are, and which one is active. What a backend is, `polynet.seam` says."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import os
import re
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from polynet.errors import BackendUnavailableError, FrameworkMismatchError, suggest
from polynet.seam import Backend as Backend

ENTRY_POINT_GROUP = "polynet.backends"
ENVIRONMENT_VARIABLE = "POLYNET_BACKEND"

_ACTIVE: ContextVar[Backend | None] = ContextVar("polynet_active_backend", default=None)


@functools.cache
def _discovered() -> dict[str, Backend | importlib.metadata.EntryPoint]:
    """Every registered backend by name; an entry point stands in until it is asked for."""
    return {point.name: point for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)}


def backend_names() -> tuple[str, ...]:
    """Names of all registered backends, the shape-only analyser included."""
    return tuple(_discovered())


def find_backend(name: str) -> Backend:
    """The backend of this name, its framework not yet imported.

    Args:
        name: A registered backend's name.

    Returns:
        The one `Backend` object of that name in this process.

    Raises:
        BackendUnavailableError: No backend has that name, or its package does not import.

    Example:
        >>> find_backend("torch").name
        'torch'
    """
    known = _discovered()
    found = known.get(name) if isinstance(name, str) else None
    if found is None:
        frameworks = [key for key in known if key != "shapes"]
        near = suggest(name, frameworks) or _abbreviated(str(name), frameworks)
        message = f"There is no backend {name!r}; the backends are {', '.join(frameworks)}.{near}"
        raise BackendUnavailableError(message)
    if isinstance(found, Backend):  # not "no EntryPoint": with `importlib_metadata` installed, entry points are its own
        return found
    try:
        backend = found.load()
    except (ImportError, AttributeError) as error:
        message = f"Backend {name!r} could not be imported from {found.value}: {error}"
        raise BackendUnavailableError(message) from error
    known[name] = backend
    return backend  # type: ignore[no-any-return]  # entry points are untyped


def _abbreviated(name: str, frameworks: Sequence[str]) -> str:
    """Ask for the one framework that a name abbreviates, as `mge` does, or holds, as `pytorch` does."""
    letters = re.compile(".*".join(map(re.escape, name.casefold())))
    near = [each for each in frameworks if each in name.casefold() or (len(name) > 1 and letters.match(each))]
    return f" Did you mean {near[0]!r}?" if len(near) == 1 else ""


def _importable_backends() -> Iterator[Backend]:
    """Every backend whose adapter imports. A broken one is left out: only asking for it by name says why."""
    for name in backend_names():
        with contextlib.suppress(BackendUnavailableError):
            yield find_backend(name)


def get_backend(name: str | Backend) -> Backend:
    """The backend of this name, its framework imported and usable in this thread.

    Raises:
        BackendUnavailableError: Unknown, or its framework is not installed.
        BackendThreadError: Its framework cannot work in this thread or process.
    """
    backend = name if isinstance(name, Backend) else find_backend(name)
    backend.load()
    backend.check_thread()
    return backend


def installed_backends() -> tuple[str, ...]:
    """Names of the frameworks that can be used here.

    Example:
        >>> "torch" in installed_backends()
        True
    """
    return tuple(backend.name for backend in _importable_backends() if backend.is_framework and backend.installed)


def loaded_backends() -> Iterator[Backend]:
    """Backends whose framework is imported already."""
    return (found for found in list(_discovered().values()) if isinstance(found, Backend) and found.loaded)


def active_backend() -> Backend:
    """The backend in which a neutral class called now is built.

    The innermost `use_backend` decides; then the environment variable `POLYNET_BACKEND`; then the only installed
    framework, where there is just one.

    Raises:
        BackendUnavailableError: None of these decides, or the framework is not installed.
        BackendThreadError: Its framework cannot work in this thread or process.
    """
    backend = _ACTIVE.get()
    if backend is not None:
        if backend.thread_bound:
            backend.check_thread()
        return backend
    chosen = os.environ.get(ENVIRONMENT_VARIABLE)
    if chosen:
        return get_backend(chosen)
    installed = installed_backends()
    if len(installed) == 1:
        return get_backend(installed[0])
    if not installed:
        message = "No framework is installed. Install one: pip install 'polynet[torch]' or 'polynet[megengine]'."
        raise BackendUnavailableError(message)
    message = (
        f"No backend is active and {', '.join(installed)} are installed. Choose one: polynet.build(…, backend=…), "
        f"`with polynet.use_backend(…):`, or the environment variable {ENVIRONMENT_VARIABLE}."
    )
    raise BackendUnavailableError(message)


def active_name() -> str | None:
    """Name of the backend that `active_backend` would give, without loading it; `None` where none is decided."""
    backend = _ACTIVE.get()
    if backend is not None:
        return backend.name
    installed = installed_backends()
    return os.environ.get(ENVIRONMENT_VARIABLE) or (installed[0] if len(installed) == 1 else None)


class use_backend(contextlib.ContextDecorator):  # noqa: N801 - used as a function
    """Make a backend the active one inside a `with` block, or a decorated function.

    Args:
        backend: Name of a backend, or a `Backend`.

    Raises:
        BackendUnavailableError: Unknown, or its framework is not installed.
        BackendThreadError: Its framework cannot work in this thread or process.

    Example:
        >>> with use_backend("torch"):
        ...     layer = polynet.nn.Linear(2, 3)
        >>> type(layer)
        <class 'torch.nn.modules.linear.Linear'>
    """

    def __init__(self, backend: str | Backend) -> None:
        self.backend = get_backend(backend)
        self._tokens: list[Any] = []

    def _recreate_cm(self) -> use_backend:
        return use_backend(self.backend)

    def __enter__(self) -> Backend:
        """Activate, and return the backend."""
        self._tokens.append(_ACTIVE.set(self.backend))
        return self.backend

    def __exit__(self, *exception: object) -> None:
        """Restore what was active before."""
        _ACTIVE.reset(self._tokens.pop())


def backend_of(value: Any) -> Backend:
    """The backend a native tensor, parameter or module belongs to.

    Raises:
        FrameworkMismatchError: It belongs to none.

    Example:
        >>> import torch
        >>> backend_of(torch.zeros(2)).name
        'torch'
    """
    for backend in loaded_backends():
        if isinstance(value, (backend.native_module_type, *backend.tensor_types)):
            return backend
    name = backend_of_class(type(value))
    if name is not None:
        return get_backend(name)
    message = (
        f"A tensor or module of an installed framework is needed, not {type(value).__module__}."
        f"{type(value).__qualname__}. Frameworks: {', '.join(installed_backends()) or 'none installed'}."
    )
    raise FrameworkMismatchError(message)


def backend_of_class(cls: object) -> str | None:
    """Name of the backend a class is bound to: a native module class, or a specialised one.

    Works without importing a framework: a class can only derive from one that is imported.

    Returns:
        The backend's name; `None` for a neutral class, a plain class, or anything that is not a class.

    Example:
        >>> import torch
        >>> backend_of_class(torch.nn.Linear), backend_of_class(polynet.nn.Linear)
        ('torch', None)
    """
    if not isinstance(cls, type):
        return None
    specialised_for: str | None = getattr(cls, "_polynet_backend", None)
    if specialised_for is not None:
        return specialised_for
    for base in cls.__mro__:
        root = base.__module__.partition(".")[0]
        for backend in _importable_backends():
            if root in (backend.framework, f"polynet_{backend.name}"):
                return backend.name
    return None
