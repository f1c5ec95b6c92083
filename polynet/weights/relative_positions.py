"""Tables of relative positions for windows of another size."""

from __future__ import annotations

from math import isqrt

import numpy as np

from polynet.errors import WeightsError
from polynet.weights.elements import Array

_NARROWEST, _WIDEST = 1.01, 1.5
_PRECISION = 1e-6


def resize_relative_position_table(
    table: Array, window: tuple[int, int], old_window: tuple[int, int] | None = None
) -> Array:
    """Interpolate a table of relative positions, as timm does when it loads one for windows of another size.

    What the table knows is laid out at distances that grow geometrically, so that near positions keep their resolution
    and the farthest known one comes to lie by the farthest wanted; between them the values are linear. The method is
    that of BEiT's fine-tuning (Bao et al. 2022, arXiv:2106.08254).

    Args:
        table: `((2 · height - 1) · (2 · width - 1), heads)`, the rows of one vertical distance side by side. For a
            table that keeps them column by column, as PolyNet's Swin does, give the windows as (width, height).
        window: Height and width of the wanted window.
        old_window: Those of the window the table is for; by default it is square.

    Returns:
        The table for the wanted window, in the given type; the table itself where it is for that window.

    Raises:
        WeightsError: The table has not as many rows as the old window has relative positions.

    Example:
        >>> table = np.arange(9, dtype=np.float32).reshape(9, 1)
        >>> resize_relative_position_table(table, (3, 2)).ravel().tolist()
        [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 6.0, 7.0, 8.0]
    """
    old, new = _old_sides(table, old_window), (2 * window[0] - 1, 2 * window[1] - 1)
    if old == new:
        return table
    down, right = (_interpolation(*lengths) for lengths in zip(old, new, strict=True))
    grid = table.astype(np.float64).reshape(*old, table.shape[1])
    resized = np.einsum("yr,rch,xc->yxh", down, grid, right, optimize=True)
    return np.asarray(resized.reshape(new[0] * new[1], table.shape[1]), table.dtype)


def resized_columns(
    table: Array, window: tuple[int, int], old_window: tuple[int, int] | None = None
) -> tuple[Array, str] | None:
    """A table that keeps its rows column by column, for another window; `None` where its own cannot be told.

    Args:
        table: `((2 · width - 1) · (2 · height - 1), heads)`, the rows of one horizontal distance side by side.
        window: Height and width of the wanted window.
        old_window: Those of the window the table is for; by default it is square.

    Returns:
        The table, and what was done in words.

    Example:
        >>> resized_columns(np.zeros((9, 1)), (3, 2))[1], resized_columns(np.zeros((15, 1)), (3, 3))
        ('resized from windows of 2x2 to 3x2', None)
    """
    try:
        down, right = _old_sides(table, old_window)
    except WeightsError:
        return None
    old = (down + 1) // 2, (right + 1) // 2
    made = resize_relative_position_table(table, window[::-1], old[::-1])
    return made, f"resized from windows of {old[0]}x{old[1]} to {window[0]}x{window[1]}"


def _old_sides(table: Array, window: tuple[int, int] | None) -> tuple[int, int]:
    """Vertical and horizontal distances that a table has."""
    rows = len(table) if table.ndim == 2 else 0
    side = isqrt(rows)
    sides = (side, side) if window is None else (2 * window[0] - 1, 2 * window[1] - 1)
    if not rows or sides[0] * sides[1] != rows or sides[0] % 2 == 0 or sides[1] % 2 == 0:
        shape = "a square window" if window is None else f"windows of {window[0]}x{window[1]}"
        message = f"A table of relative positions of shape {table.shape} is not one for {shape}."
        raise WeightsError(message)
    return sides


def _interpolation(old: int, new: int) -> Array:
    """The matrix `(new, old)` that leads from known distances to wanted ones."""
    known = _known_distances(old, new)
    wanted = np.arange(new) - new // 2
    return np.stack([np.interp(wanted, known, row) for row in np.eye(old)], 1)


def _known_distances(old: int, new: int) -> Array:
    """Where the known rows lie: symmetric, each step longer than the one before by the same factor.

    The factor is found by halving an interval, and stops where timm's stops.
    """
    steps, reach = old // 2, new // 2
    low, high = _NARROWEST, _WIDEST
    factor = low
    while high - low > _PRECISION:
        factor = (low + high) / 2
        if (1 - factor**steps) / (1 - factor) > reach:
            high = factor
        else:
            low = factor
    ahead = np.cumsum(factor ** np.arange(steps))
    return np.concatenate([-ahead[::-1], [0.0], ahead])
