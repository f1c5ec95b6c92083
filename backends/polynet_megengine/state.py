"""MegEngine's state in the canonical layout, and gradients.

MegEngine keeps biases as (1, C, 1, 1), grouped weights as (G, O/G, I/G, K, K) and so on; each is a pure reshape of
torch's layout, given by `layers.canonical.canonical_shape`. Tensors live inside modules, lists, tuples and dicts alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import megengine
import numpy as np
from megengine.autodiff import GradManager
from megengine.core._imperative_rt.core2 import is_tracing_module
from megengine.jit.tracing import is_tracing as is_jit_tracing

from polynet.slots import Slot
from polynet.types import Tensor
from polynet_megengine.layers.canonical import canonical_shape
from polynet_megengine.members import PLAIN, may_hold_members
from polynet_megengine.slicing import native_getitem


def is_tracing() -> bool:
    """Whether `jit.trace` or `traced_module` is recording."""
    return bool(is_jit_tracing() or is_tracing_module())


class MegEngineSlot(Slot):
    """A parameter or buffer of a MegEngine module."""

    __slots__ = ("_tensor",)

    def __init__(self, *fields: Any, tensor: Tensor) -> None:
        super().__init__(*fields)
        self._tensor = tensor

    @property
    def tensor(self) -> Tensor:
        """The native tensor; MegEngine updates it in place, so it stays the one the module holds."""
        return self._tensor

    def canonical(self, tensor: Tensor) -> np.ndarray[Any, Any]:
        """A copy in torch's shape.

        By `numpy()` and not by DLPack: of a tensor that is a view, MegEngine lends a copy that it has freed already.
        """
        return np.array(tensor.numpy()).reshape(self.shape)

    def peek(self) -> np.ndarray[Any, Any]:
        """The numbers that MegEngine copied to the host, read-only; the tensor keeps them for the next time."""
        return np.asarray(self._tensor.numpy()).reshape(self.shape)

    def pieces(self, size: int) -> Iterator[np.ndarray[Any, Any]]:
        """The numbers in order, some rows at a time: what is copied to the host is gone before the next is read."""
        rows = max(1, int(size * len(self._tensor) / (self._tensor.size * np.dtype(self._tensor.dtype).itemsize)))
        for start in range(0, len(self._tensor), rows):
            yield native_getitem(self._tensor, slice(start, start + rows)).numpy()

    def view(self) -> None:
        """MegEngine does not share its memory."""
        return

    def write(self, array: np.ndarray[Any, Any]) -> None:
        """Reset the tensor to new numbers, keeping its type, layout, device and identity."""
        native = np.ascontiguousarray(array, dtype=self._tensor.dtype).reshape(self._tensor.shape)
        self._tensor._reset(megengine.Tensor(native, device=self._tensor.device))


def _members(owner: Any) -> tuple[list[tuple[str, Tensor]], list[tuple[str, Any]]]:
    """A module's own tensors and modules: attributes, and those inside its lists, tuples and dicts."""
    tensors: list[tuple[str, Tensor]] = []
    modules: list[tuple[str, Any]] = []
    for leaf, value in vars(owner).items():
        if type(value) not in PLAIN and may_hold_members(value):
            _sort(leaf, value, tensors, modules)
    return tensors, modules


def _sort(path: str, value: Any, tensors: list[tuple[str, Tensor]], modules: list[tuple[str, Any]]) -> None:
    if isinstance(value, megengine.Tensor):
        tensors.append((path, value))
    elif isinstance(value, megengine.module.Module):
        modules.append((path, value))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _sort(f"{path}.{index}", item, tensors, modules)
    elif isinstance(value, dict):
        for key, item in value.items():
            _sort(f"{path}.{key}", item, tensors, modules)


def slots(module: Any) -> dict[str, Slot]:
    """Every parameter and persistent buffer of a module, in definition order; shared tensors under each name."""
    found: dict[str, Slot] = {}
    _collect(module, "", found)
    return found


def _collect(owner: Any, prefix: str, found: dict[str, Slot]) -> None:
    hidden = getattr(owner, "_non_persistent_buffers", ())
    tensors, modules = _members(owner)
    for leaf, tensor in tensors:
        if leaf in hidden:
            continue
        is_parameter = isinstance(tensor, megengine.Parameter)
        found[prefix + leaf] = MegEngineSlot(
            prefix + leaf,
            owner,
            leaf,
            "parameter" if is_parameter else "buffer",
            canonical_shape(owner, leaf, tensor),
            np.dtype(tensor.dtype).name,
            is_parameter and tensor.requires_grad,
            tensor=tensor,
        )
    for path, child in modules:
        _collect(child, f"{prefix}{path}.", found)


def differentiate(function: Callable[[], Tensor], sources: list[Tensor]) -> tuple[Tensor, list[Tensor | None]]:
    """Run a function that returns a scalar and return it with its gradient for each source."""
    kept = [source.grad for source in sources]
    for source in sources:
        source.grad = None
    manager = GradManager().attach(sources)
    try:
        with manager:
            result = function()
            manager.backward(result)
        gradients = [source.grad for source in sources]
        megengine._full_sync()
    finally:
        for source, gradient in zip(sources, kept, strict=True):
            source.grad = gradient
    return result.detach(), gradients
