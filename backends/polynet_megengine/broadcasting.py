"""Operands that are broadcast along axes apart from one another, such as a channel's scale beside a batch of images.

The gradient of such an operand is a sum over the axes along which it was broadcast. Where they do not lie side by side,
MegEngine 1.13 on a CPU takes the sum in two passes, and while a second such sum waits, the first now and then reads
memory that nobody wrote: one gradient in a few hundred is garbage, more on a busy machine. Sums over axes that lie side
by side take one pass and are right. So such an operand is brought to the batch's length first, in an operation of its
own, which splits the gradient's sum in two: `(1, C, 1, 1)` beside `(N, C, H, W)` becomes `(N, C, 1, 1)`.
"""

from __future__ import annotations

import functools
from typing import Any

import megengine.functional as F
from megengine.core.autodiff.grad import Grad

from polynet.types import Tensor

Shape = tuple[int, ...]


def apart(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Two operands, ready to be combined while gradients are recorded.

    Args:
        first: A tensor.
        second: A tensor of another shape.
    """
    shapes = first._tuple_shape, second._tuple_shape
    if shapes[0] == shapes[1]:
        return first, second
    steps = _steps(*shapes), _steps(*shapes[::-1])
    return _stretched(first, steps[0]), _stretched(second, steps[1])


def are_recorded() -> bool:
    """Whether gradients of what is computed now may be asked for."""
    return bool(Grad.stack)


def stretched(x: Tensor, shape: Shape) -> Tensor:
    """An operand, ready to be combined with one of a given shape if gradients are recorded."""
    return _stretched(x, _steps(x._tuple_shape, shape)) if Grad.stack else x


def _stretched(x: Tensor, steps: tuple[Shape, ...]) -> Tensor:
    for shape in steps:
        x = F.broadcast_to(x, shape)
    return x


@functools.lru_cache(maxsize=4096)
def _steps(shape: Shape, other: Shape) -> tuple[Shape, ...]:
    """Shapes to bring a tensor to, one after the other, before it is combined with one of another shape.

    Every step lengthens axes that lie side by side, from the first on; the last group is left to the operation itself.
    """
    count = max(len(shape), len(other))
    mine, others = ((1,) * (count - len(each)) + each for each in (shape, other))
    groups: list[list[int]] = []
    is_open = False
    for axis in range(count):
        if mine[axis] == 1 and others[axis] != 1:
            if not is_open:
                groups.append([])
            groups[-1].append(axis)
            is_open = True
        elif mine[axis] != 1:
            is_open = False
    found: list[Shape] = []
    reached: list[Any] = list(mine)
    for group in groups[:-1]:
        for axis in group:
            reached[axis] = others[axis]
        found.append(tuple(reached))
    return tuple(found)
