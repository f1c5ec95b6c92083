"""torch's state in the canonical layout, which is torch's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from polynet.slots import Slot
from polynet_torch.sharding import is_spread, spread_like, whole


class TorchSlot(Slot):
    """A parameter or buffer of a torch module."""

    __slots__ = ()

    @property
    def tensor(self) -> torch.Tensor:
        """The tensor the owner holds now."""
        tensor: torch.Tensor = getattr(self.owner, self.leaf)
        return tensor

    def canonical(self, tensor: torch.Tensor) -> np.ndarray[Any, Any]:
        """A copy as an array; bfloat16, which numpy lacks, becomes float32, and what is sharded is gathered."""
        tensor = whole(tensor.detach())
        if tensor.dtype == torch.bfloat16:
            tensor = tensor.float()
        return np.array(tensor.cpu().numpy())

    def view(self) -> np.ndarray[Any, Any] | None:
        """The tensor's own memory, where it is contiguous on the CPU."""
        tensor = self.tensor.detach()
        if (
            is_spread(tensor)
            or tensor.device.type != "cpu"
            or not tensor.is_contiguous()
            or tensor.dtype == torch.bfloat16
        ):
            return None
        array: np.ndarray[Any, Any] = tensor.numpy()
        return array

    def write(self, array: np.ndarray[Any, Any]) -> None:
        """Copy in, casting to the tensor's own type and moving to its device."""
        view = self.view()
        if view is not None:
            view[...] = array
            return
        with torch.no_grad():
            self.tensor.copy_(spread_like(torch.from_numpy(np.require(array, requirements=("C", "W"))), self.tensor))


def _is_counted(module: Any, leaf: str) -> bool:
    """Whether a buffer is part of the canonical state.

    `num_batches_tracked` is not, unless the statistics are a cumulative average and depend on it.
    """
    if leaf == "num_batches_tracked":
        return getattr(module, "momentum", 0) is None
    return leaf not in module._non_persistent_buffers_set


def slots(module: torch.nn.Module) -> dict[str, Slot]:
    """Every parameter and persistent buffer of a module, in definition order; shared tensors under each name."""
    found: dict[str, Slot] = {}
    for path, owner in module.named_modules(remove_duplicate=False):
        prefix = f"{path}." if path else ""
        for leaf, parameter in owner._parameters.items():
            if parameter is not None:
                found[prefix + leaf] = _slot(prefix + leaf, owner, leaf, "parameter", parameter)
        for leaf, buffer in owner._buffers.items():
            if buffer is not None and _is_counted(owner, leaf):
                found[prefix + leaf] = _slot(prefix + leaf, owner, leaf, "buffer", buffer)
    return found


def _slot(name: str, owner: Any, leaf: str, kind: str, tensor: torch.Tensor) -> TorchSlot:
    dtype = str(tensor.dtype).removeprefix("torch.")
    return TorchSlot(name, owner, leaf, kind, tuple(tensor.shape), dtype, kind == "parameter" and tensor.requires_grad)
