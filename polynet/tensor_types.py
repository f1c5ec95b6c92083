"""Which backend each known tensor type belongs to: what `polynet.ops` looks up at every call."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polynet.seam import Backend

NAMESPACES: dict[type, ModuleType] = {}
"""The `ops` package of each tensor type whose backend works in any thread."""

CHECKED: dict[type, Backend] = {}
"""The backend of each tensor type that works in one thread only, which is checked at each use."""


def register(tensor_type: type, backend: Backend) -> None:
    """Send operations on this exact type to a backend."""
    if backend.thread_bound:
        CHECKED[tensor_type] = backend
    else:
        NAMESPACES[tensor_type] = backend.ops


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor of a framework that is in use.

    Example:
        >>> is_tensor(np.zeros(2)), is_tensor(ops.zeros(2))
        (False, True)
    """
    # Most are of the very type, and a look-up is cheaper than building the list of all types.
    return type(value) in NAMESPACES or isinstance(value, (*NAMESPACES, *CHECKED))
