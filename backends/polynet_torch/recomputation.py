"""Blocks whose activations are not kept but computed anew in the backward pass: `torch.utils.checkpoint`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


class Recomputed:
    """Stands in for a block's `forward`. It lies in the instance, so that names, types and state stay as they are.

    Args:
        module: The block.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Run the block; while gradients are recorded, keep its inputs alone."""
        forward = type(self.module).forward
        if not torch.is_grad_enabled():
            return forward(self.module, *arguments, **options)
        return checkpoint(
            forward,
            self.module,
            *arguments,
            use_reentrant=False,
            context_fn=lambda: (contextlib.nullcontext(), _statistics_held(self.module)),
            **options,
        )


@contextlib.contextmanager
def _statistics_held(module: nn.Module) -> Iterator[None]:
    """Run a block a second time without its batch normalisations counting the batch twice."""
    norms = [each for each in module.modules() if isinstance(each, _BatchNorm) and each.track_running_stats]
    momenta = [norm.momentum for norm in norms]
    counts = [None if norm.num_batches_tracked is None else norm.num_batches_tracked.clone() for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum, count in zip(norms, momenta, counts, strict=True):
            norm.momentum = momentum
            if count is not None and norm.num_batches_tracked is not None:
                norm.num_batches_tracked.copy_(count)


def set_recomputed(modules: Iterable[nn.Module], enable: bool) -> None:
    """Switch recomputation on or off for each of some blocks."""
    for module in modules:
        if enable:
            module.__dict__["forward"] = Recomputed(module)
        else:
            module.__dict__.pop("forward", None)
