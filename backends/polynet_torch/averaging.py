"""Moving tensors towards others, and exchanging them, in place: what running averages of weights are made of."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from polynet_torch.sharding import own_part


def lerp_(targets: Sequence[torch.Tensor], sources: Sequence[torch.Tensor], weight: float) -> None:
    """Move each target the fraction `weight` of the way to its source; copy whole numbers, and all where it is 1."""
    # Detached tensors share their memory and have no gradients, so that nothing here is recorded.
    targets = [own_part(target.detach()) for target in targets]
    sources = [
        own_part(source.detach()).to(target.device, target.dtype)
        for target, source in zip(targets, sources, strict=True)
    ]
    if weight == 1:
        torch._foreach_copy_(targets, sources)
        return
    if all(target.is_floating_point() for target in targets):
        torch._foreach_lerp_(targets, sources, weight)
        return
    averaged = [position for position, target in enumerate(targets) if target.is_floating_point()]
    copied = [position for position, target in enumerate(targets) if not target.is_floating_point()]
    torch._foreach_copy_([targets[position] for position in copied], [sources[position] for position in copied])
    if averaged:
        torch._foreach_lerp_(
            [targets[position] for position in averaged], [sources[position] for position in averaged], weight
        )


def swap_(left: Sequence[torch.Tensor], right: Sequence[torch.Tensor]) -> None:
    """Exchange the numbers of each pair; every tensor keeps its memory and device."""
    for one, other in zip(left, right, strict=True):
        one, other = own_part(one.detach()), own_part(other.detach())
        kept = one.clone()
        one.copy_(other)
        other.copy_(kept)
