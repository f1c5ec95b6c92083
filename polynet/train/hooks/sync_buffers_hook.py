"""Makes the running statistics of all processes the same before they are used."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet.train.hook import Hook


class SyncBuffersHook(Hook):
    """Sets floating-point buffers, such as the statistics of batch normalisations, to their means over all processes.

    At the end of each epoch, and before a validation in mid-epoch. With one process it does nothing.

    Source: MMEngine, `SyncBuffersHook`.

    Example:
        >>> SyncBuffersHook().points
        ('after_train_epoch', 'before_val_epoch')
    """

    priority = "NORMAL"

    def __init__(self) -> None:
        self._is_in_sync = False

    def after_train_epoch(self, runner: Any) -> None:
        """Share the buffers."""
        self._share(runner)
        self._is_in_sync = True

    def before_val_epoch(self, runner: Any) -> None:
        """Share the buffers, unless the epoch's end has just done so."""
        if not self._is_in_sync:
            self._share(runner)
        self._is_in_sync = False

    def _share(self, runner: Any) -> None:
        if runner.world_size == 1:
            return
        slots = [
            slot
            for slot in runner.backend.slots(runner.weights_module()).values()
            if slot.kind == "buffer" and "float" in slot.dtype
        ]
        if not slots:
            return
        arrays = [slot.read() for slot in slots]
        mean = runner.processes.all_reduce(
            np.concatenate([array.ravel() for array in arrays]).astype(np.float64), "mean"
        )
        ends = np.cumsum([array.size for array in arrays])
        for slot, part in zip(slots, np.split(mean, ends[:-1]), strict=True):
            slot.write(part.reshape(slot.shape).astype(slot.dtype))
