"""Where a network's parts are placed: neutral device names, checked before anything is built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from polynet.backend import Backend, get_backend
from polynet.errors import ConfigTypeError, DeviceError, suggest

_NEUTRAL = re.compile(r"cpu|cuda(:\d+)?|auto")
_GPU = re.compile(r"(?:gpu|nvidia):?(\d*)", re.IGNORECASE)


def devices(backend: str | Backend) -> tuple[str, ...]:
    """Neutral names of the devices a backend has here.

    Args:
        backend: A backend or its name.

    Returns:
        The CPU first: `("cpu", "cuda:0", …)`.

    Example:
        >>> polynet.devices("torch")[0]
        'cpu'
    """
    return get_backend(backend).devices()


def placements(wanted: Any, backend: Backend) -> dict[str, str]:
    """Read a device request into the framework's own spelling, by submodule path, the root first.

    Args:
        wanted: A device name; a mapping from submodule path (`""` is the whole network) to device name; or `None`.
        backend: The backend to be built on.

    Returns:
        Native device names by path; empty where nothing is asked for.

    Raises:
        DeviceError: A device is misspelt or not present.
        ConfigTypeError: Neither a name nor a mapping of names.
    """
    if wanted is None:
        return {}
    by_path = wanted if isinstance(wanted, Mapping) else {"": wanted}
    if not all(isinstance(path, str) and isinstance(name, str) for path, name in by_path.items()):
        message = f"device must be a name or a mapping from submodule path to name, not {wanted!r}."
        raise ConfigTypeError(message)
    return {path: _resolved(by_path[path], backend) for path in sorted(by_path)}


def _resolved(name: str, backend: Backend) -> str:
    """The framework's spelling of a device.

    Raises:
        DeviceError: It is misspelt or not present; the message names what may have been meant.
    """
    try:
        return backend.resolve_device(name)
    except DeviceError as error:
        hint = _hint(name, backend)
        if not hint:
            raise
        raise DeviceError(f"{error}{hint}") from error


def _hint(name: str, backend: Backend) -> str:
    if _NEUTRAL.fullmatch(name):
        return ""
    gpu = _GPU.fullmatch(name)
    if gpu is None:
        return suggest(name, dict.fromkeys(("cpu", "cuda", "auto", *backend.devices())))
    meant = f"cuda:{gpu[1]}" if gpu[1] else "cuda"
    return f" PolyNet calls it {meant!r} on every backend."
