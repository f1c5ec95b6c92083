"""Choosing among the classes a name has, one for all backends or one for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polynet.errors import UnknownNameError

if TYPE_CHECKING:
    from polynet.backend import Backend


def backend_name(backend: str | Backend) -> str:
    """Name of a known backend."""
    if not isinstance(backend, str):
        return backend.name
    from polynet.backend import find_backend

    return find_backend(backend).name


def backend_of(target: Any, backend: str | Backend | None) -> str | None:
    """The backend an object is registered for: as asked, or as its class says."""
    if backend is not None:
        return backend_name(backend)
    if not isinstance(target, type):
        return None
    from polynet.backend import backend_of_class

    return backend_of_class(target)


def choose(kind: str, name: str, choices: dict[str | None, Any], wanted: str | None) -> Any:
    """The native class of the wanted backend, else the neutral one, else the only one."""
    if wanted is not None and wanted in choices:
        return choices[wanted]
    if None in choices:
        return choices[None]
    if len(choices) > 1:
        have = " and ".join(sorted(map(str, choices)))
        message = f"The {kind} {name!r} has a class each for {have}; say which backend is meant."
        raise UnknownNameError(message)
    return next(iter(choices.values()))
