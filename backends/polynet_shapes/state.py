"""The state's names and shapes, without its numbers."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from polynet.errors import WeightsError
from polynet.slots import Slot
from polynet_shapes.module import Module
from polynet_shapes.tensor import ShapeTensor


class ShapesSlot(Slot):
    """A parameter or buffer of which only shape and dtype are known."""

    __slots__ = ()

    @property
    def tensor(self) -> ShapeTensor:
        """The tensor the owner holds now."""
        tensor: ShapeTensor = getattr(self.owner, self.leaf)
        return tensor

    def canonical(self, tensor: ShapeTensor) -> NoReturn:
        """Refuse: there are no numbers.

        Raises:
            UnsupportedError: Always.
        """
        tensor.numpy()

    def view(self) -> None:
        """There is no memory to look at."""
        return

    def write(self, array: np.ndarray[Any, Any]) -> None:
        """Check that an array would fit; its numbers are not kept.

        Raises:
            WeightsError: It has another shape.
        """
        if tuple(array.shape) != self.shape:
            message = f"{self.name} has the shape {list(self.shape)}; an array of {list(array.shape)} does not fit."
            raise WeightsError(message)


def _is_counted(module: Module, leaf: str) -> bool:
    """Whether a buffer is part of the canonical state.

    `num_batches_tracked` is not, unless the statistics are a cumulative average and depend on it.
    """
    if leaf == "num_batches_tracked":
        return getattr(module, "momentum", 0) is None
    return module.is_persistent(leaf)


def slots(module: Module) -> dict[str, ShapesSlot]:
    """Every parameter and persistent buffer of a module, in definition order; shared tensors under each name."""
    found: dict[str, ShapesSlot] = {}
    for path, owner in module.named_modules(remove_duplicate=False):
        prefix = f"{path}." if path else ""
        buffers = {leaf: buffer for leaf, buffer in owner._buffers.items() if _is_counted(owner, leaf)}
        for kind, tensors in (("parameter", owner._parameters), ("buffer", buffers)):
            for leaf, tensor in tensors.items():
                if tensor is not None:
                    name = prefix + leaf
                    found[name] = ShapesSlot(name, owner, leaf, kind, tensor.shape, tensor.dtype, tensor.requires_grad)
    return found
