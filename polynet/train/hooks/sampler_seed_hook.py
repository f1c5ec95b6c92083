"""Tells samplers which epoch begins, so that each epoch has an order of its own."""

from __future__ import annotations

from typing import Any

from polynet.train.hook import Hook


class DistSamplerSeedHook(Hook):
    """Calls `set_epoch` of the training loader, its sampler, or the sampler within its batch sampler.

    The engine tells PolyNet's own loader and a framework's sampler by itself; this reaches samplers within.

    Source: MMEngine, `DistSamplerSeedHook`.

    Example:
        >>> DistSamplerSeedHook().points
        ('before_train_epoch',)
    """

    priority = "NORMAL"

    def before_train_epoch(self, runner: Any) -> None:
        """Hand on the epoch's number."""
        loader = runner.train_dataloader
        batches = getattr(loader, "batch_sampler", None)
        for part in (loader, getattr(loader, "sampler", None), batches, getattr(batches, "sampler", None)):
            set_epoch = getattr(part, "set_epoch", None)
            if callable(set_epoch):
                set_epoch(runner.epoch)
