"""Which backend an operation runs on: the type of its first tensor decides.

`namespace_of` is on the path of every operation, so it is one dictionary look-up: about 0.1 µs. Compilers see through
it: `torch.compile`, `torch.export` and `torch.fx` know the type of what they trace.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from polynet.backend import active_backend, backend_of_class, find_backend, get_backend, installed_backends
from polynet.errors import FrameworkMismatchError
from polynet.types import Tensor

if TYPE_CHECKING:
    from polynet.backend import Backend

_NAMESPACES: dict[type, ModuleType] = {}
"""Tensor types of backends that work in any thread."""

_CHECKED: dict[type, Backend] = {}
"""Tensor types of backends bound to one thread, checked at each use."""


def register_tensor_type(tensor_type: type, backend: Backend) -> None:
    """Send operations on this exact type to a backend."""
    if backend.thread_bound:
        _CHECKED[tensor_type] = backend
    else:
        _NAMESPACES[tensor_type] = backend.ops


def namespace_of(tensor: Tensor) -> ModuleType:
    """The `ops` package of the backend that a tensor belongs to.

    Raises:
        FrameworkMismatchError: It is no tensor of a loaded framework.
    """
    namespace = _NAMESPACES.get(type(tensor))
    if namespace is not None:
        return namespace
    return _resolve(type(tensor))


def _resolve(tensor_type: type) -> ModuleType:
    backend = _CHECKED.get(tensor_type)
    if backend is not None:
        backend.check_thread()
        return backend.ops
    for base in tensor_type.__mro__[1:]:
        if base in _NAMESPACES:
            _NAMESPACES[tensor_type] = _NAMESPACES[base]
            return _NAMESPACES[base]
        if base in _CHECKED:
            _CHECKED[tensor_type] = _CHECKED[base]
            return _resolve(tensor_type)
    name = backend_of_class(tensor_type)
    if name is not None and not find_backend(name).loaded:
        get_backend(name)
        return _resolve(tensor_type)
    message = (
        f"An operation needs a tensor of a framework, not {tensor_type.__module__}.{tensor_type.__qualname__}. "
        f"Make one with polynet.ops.tensor(…). Frameworks: {', '.join(installed_backends()) or 'none installed'}."
    )
    raise FrameworkMismatchError(message)


def namespace_like(like: Any = None) -> ModuleType:
    """The `ops` package for creating a tensor: that of `like`, or of the active backend.

    Raises:
        BackendUnavailableError: `like` is not given and no backend is active.
    """
    return active_backend().ops if like is None else namespace_of(like)
