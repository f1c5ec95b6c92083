"""Communication for MegEngine on a CPU, for which it has none of its own: through torch's gloo, as arrays."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import megengine
import numpy as np

from polynet.backend import find_backend, get_backend
from polynet.errors import BackendUnavailableError
from polynet.train.distributed.collectives import Collectives
from polynet.train.distributed.place import Place
from polynet.types import Tensor
from polynet_megengine.distributed.batch_norm import use_collectives


def meet(place: Place, device: str, timeout: float) -> Collectives:
    """Meet the other processes: on GPUs by MegEngine's own `distributed`, on a CPU by torch's gloo.

    Raises:
        BackendUnavailableError: They compute on a CPU, and torch is not installed.
        DistributedError: Not all of them came in time.
    """
    if device.startswith("cuda"):
        from polynet_megengine.distributed.native import NativeCollectives

        return _used(NativeCollectives(place, device, timeout))
    if not find_backend("torch").installed:
        message = (
            "MegEngine cannot communicate between processes on a CPU (its 'distributed' knows GPUs alone), so "
            "gradients go through torch's gloo, and torch is not installed here. "
            "Install it with: pip install 'polynet[torch]'; or train in one process."
        )
        raise BackendUnavailableError(message)
    return _used(GlooCollectives(get_backend("torch").collectives(place, device="cpu", timeout=timeout)))


def _used(collectives: Collectives) -> Collectives:
    use_collectives(collectives)
    return collectives


class GlooCollectives(Collectives):
    """torch's gloo for MegEngine's tensors, which pass it as arrays.

    Args:
        arrays: torch's communication.
    """

    def __init__(self, arrays: Collectives) -> None:
        super().__init__(arrays.place, "cpu", arrays.timeout)
        self._arrays = arrays

    def all_reduce(self, array: np.ndarray[Any, Any], how: str) -> np.ndarray[Any, Any]:
        """By torch."""
        return self._arrays.all_reduce(array, how)

    def all_reduce_tensor(self, tensor: Tensor, how: str) -> Tensor:
        """By torch, as an array."""
        reduced = self._arrays.all_reduce(np.asarray(tensor.numpy()), how)
        return megengine.Tensor(reduced.astype(tensor.dtype), device=tensor.device)

    def broadcast(self, arrays: Sequence[np.ndarray[Any, Any]], source: int) -> list[np.ndarray[Any, Any]]:
        """By torch."""
        return self._arrays.broadcast(arrays, source)

    def broadcast_tensors_(self, tensors: Sequence[Tensor]) -> None:
        """Overwrite tensors with those of rank 0."""
        if not tensors:
            return
        arrays = self._arrays.broadcast([np.asarray(tensor.numpy()) for tensor in tensors], 0)
        if self.place.rank == 0:
            return
        for tensor, array in zip(tensors, arrays, strict=True):
            tensor._reset(megengine.Tensor(array, device=tensor.device))

    def gather(self, value: Any) -> list[Any]:
        """By torch, pickled."""
        return self._arrays.gather(value)

    def barrier(self, timeout: float | None) -> None:
        """By torch."""
        self._arrays.barrier(timeout)

    def explaining(self, doing: str) -> contextlib.AbstractContextManager[None]:
        """By torch."""
        return self._arrays.explaining(doing)

    def close(self, failure: str | None) -> None:
        """By torch."""
        use_collectives(None)
        self._arrays.close(failure)
