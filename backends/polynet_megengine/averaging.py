"""Moving tensors towards others, and exchanging them, in place: what running averages of weights are made of."""

from __future__ import annotations

from collections.abc import Sequence

import megengine
import numpy as np
from megengine.core._imperative_rt.core2 import apply
from megengine.core.ops import builtin

from polynet.types import Tensor
from polynet_megengine.ops.conversion import no_grad

_MAXIMUM = builtin.Elemwise(mode="MAX")
_AND = builtin.Elemwise(mode="AND")
_SUBTRACT = builtin.Elemwise(mode="SUB")
_MULTIPLY_AND_ADD = builtin.Elemwise(mode="FUSE_MUL_ADD3")


def lerp_(targets: Sequence[Tensor], sources: Sequence[Tensor], weight: float) -> None:
    """Move each target the fraction `weight` of the way to its source; copy whole numbers, and all where it is 1.

    A target is reset to a tensor of its own and never shares its source's memory, into which an optimiser may write.
    """
    factor: Tensor = None
    with no_grad():
        for target, source in zip(targets, sources, strict=True):
            dtype, device = target.dtype, target.device
            if source.dtype != dtype:
                source = source.astype(dtype)
            if source.device != device:
                source = source.to(device)
            if weight == 1 or np.dtype(dtype).kind != "f":
                # Of the tensor with itself: MegEngine's own copy makes one dimension of none, and may share memory.
                (moved,) = apply(_AND if np.dtype(dtype).kind == "b" else _MAXIMUM, source, source)
            else:
                if factor is None or factor.dtype != dtype or factor.device != device:
                    factor = megengine.Tensor(weight, dtype=dtype, device=device)
                (difference,) = apply(_SUBTRACT, source, target)
                (moved,) = apply(_MULTIPLY_AND_ADD, difference, factor, target)
            target._reset(moved)


def swap_(left: Sequence[Tensor], right: Sequence[Tensor]) -> None:
    """Exchange the numbers of each pair; every tensor stays the object it is, on its device."""
    for one, other in zip(left, right, strict=True):
        first, second = one.detach(), other.detach()
        here, there = one.device, other.device
        one._reset(second if here == there else second.to(here))
        other._reset(first if here == there else first.to(there))
