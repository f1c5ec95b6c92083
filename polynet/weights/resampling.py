"""Resizing of tables of positions, in numpy, so that every framework gets the same numbers.

The weights are those of a bicubic filter with a = -1/2, widened where the table shrinks so that nothing is left out
(Keys 1981, doi:10.1109/TASSP.1981.1163711): what Pillow does, and PyTorch with `antialias=True`.
"""

from __future__ import annotations

import math

import numpy as np

from polynet.weights.elements import Array

_SHARPNESS = -0.5
_REACH = 2.0


def resampled_positions(table: Array, old: tuple[int, int], new: tuple[int, int], prefix: int = 0) -> Array:
    """Position embeddings for another grid of patches.

    Args:
        table: `(1, prefix + old height * old width, C)`.
        old: Height and width of the grid they were trained on.
        new: Height and width of the grid they are for.
        prefix: Tokens before the patches; theirs are kept.

    Returns:
        `(1, prefix + new height * new width, C)`, in the table's element type.

    Source: the numbers are those of timm's `resample_abs_pos_embed`.

    Example:
        >>> table = np.concatenate([np.full((1, 1, 2), 7.0), np.ones((1, 4, 2))], axis=1)
        >>> made = resampled_positions(table, (2, 2), (3, 3), prefix=1)
        >>> made.shape, made[0, :2, 0]
        ((1, 10, 2), array([7., 1.]))
    """
    kept, patches = table[:, :prefix], table[:, prefix:]
    grid = patches.reshape(old[0], old[1], -1)
    made = resampled(grid, new).reshape(1, new[0] * new[1], -1)
    return np.concatenate([kept, made.astype(table.dtype)], axis=1)


def resampled(grid: Array, size: tuple[int, int]) -> Array:
    """A grid `(H, W, C)` resized, the last axis apart.

    Example:
        >>> resampled(np.arange(4.0).reshape(1, 4, 1), (1, 2))[0, :, 0].round(3)
        array([0.587, 2.413])
    """
    rows, columns = _filter(grid.shape[0], size[0]), _filter(grid.shape[1], size[1])
    wide: Array = np.einsum("ih,hwc->iwc", rows, grid.astype(np.float64))
    return np.asarray(np.einsum("jw,iwc->ijc", columns, wide))


def _filter(old: int, new: int) -> Array:
    """The matrix `(new, old)` that resizes one axis."""
    if old == new:
        return np.eye(old)
    matrix = np.zeros((new, old))
    ratio = old / new
    stretch = max(ratio, 1.0)
    reach = _REACH * stretch
    for place in range(new):
        centre = ratio * (place + 0.5)
        first = max(int(centre - reach + 0.5), 0)
        last = min(int(centre + reach + 0.5), old)
        weights = np.array([_cubic((index - centre + 0.5) / stretch) for index in range(first, last)])
        matrix[place, first:last] = weights / weights.sum()
    return matrix


def _cubic(x: float) -> float:
    x, a = abs(x), _SHARPNESS
    if x < 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return (((x - 5) * x + 8) * x - 4) * a if x < _REACH else 0.0


def square_side(length: int) -> int | None:
    """The side of a square grid of so many positions; `None` where there is none.

    Example:
        >>> square_side(196), square_side(197)
        (14, None)
    """
    side = math.isqrt(length) if length > 0 else 0
    return side if side and side * side == length else None
