"""The constants of attention in windows (Liu et al. 2021, arXiv:2103.14030), computed with numpy alone."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Pair: TypeAlias = tuple[int, int]
Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

FORBIDDEN = -100.0
"""What is added to a score between places that only the shift has made neighbours."""


def relative_position_index(window: Pair, row_first: bool = False) -> Array:
    """Which row of a table of relative positions stands for each pair of places of a window.

    The table has `(2 · height - 1) · (2 · width - 1)` rows. They run over the vertical distance first and the
    horizontal one second, as in BaseCls; with `row_first` the other way round, as in the paper's code, timm and
    torchvision.

    Args:
        window: Height and width.
        row_first: Whether all horizontal distances of one vertical distance are neighbours in the table.

    Returns:
        Indices `(height · width, height · width)`, int32.

    Example:
        >>> relative_position_index((1, 2)).tolist(), relative_position_index((2, 1)).tolist()
        ([[1, 0], [2, 1]], [[1, 0], [2, 1]])
    """
    height, width = window
    rows, columns = (axis.reshape(-1) for axis in np.mgrid[:height, :width])
    down = rows[:, None] - rows[None] + height - 1
    right = columns[:, None] - columns[None] + width - 1
    index = down * (2 * width - 1) + right if row_first else right * (2 * height - 1) + down
    return np.asarray(index, np.int32)


def shifted_window_mask(grid: Pair, window: Pair, shift: Pair) -> Array:
    """What keeps places apart that are in one window only because the map was rolled.

    Args:
        grid: Height and width of the map: multiples of the window's.
        window: Height and width of a window.
        shift: How far the map is rolled, downwards and to the right.

    Returns:
        `(windows, places, places)`, float32: 0 where attention may go, `FORBIDDEN` elsewhere.

    Example:
        >>> shifted_window_mask((2, 1), (2, 1), (1, 0)).tolist()
        [[[0.0, -100.0], [-100.0, 0.0]]]
    """
    down, right = (_region(*sizes) for sizes in zip(grid, window, shift, strict=True))
    region = 3 * down[:, None] + right[None]
    rows, columns = grid[0] // window[0], grid[1] // window[1]
    parts = region.reshape(rows, window[0], columns, window[1]).transpose(0, 2, 1, 3).reshape(rows * columns, -1)
    return np.where(parts[:, None] == parts[:, :, None], 0.0, FORBIDDEN).astype(np.float32)


def _region(length: int, window: int, shift: int) -> Array:
    """Which region each place of a rolled side is in: before the last window, in it, or rolled over from the start."""
    region = np.zeros(length, np.int64)
    if shift:
        region[length - window :] = 1
        region[length - shift :] = 2
    return region


def log_spaced_distances(window: Pair, trained: Pair) -> Array:
    """Distances between the places of a window on a logarithmic scale (Swin v2, arXiv:2111.09883).

    Args:
        window: Height and width.
        trained: The window which distances are measured in: that of the pre-training.

    Returns:
        `((2 · height - 1) · (2 · width - 1), 2)`, float32: vertical and horizontal, in the order of a table that is
        `row_first`; 1 and more stands for distances beyond the window's.

    Example:
        >>> [[f"{distance:.2f}" for distance in pair] for pair in log_spaced_distances((2, 1), (2, 1))]
        [['-1.06', '0.00'], ['0.00', '0.00'], ['1.06', '0.00']]
    """
    sides = [
        np.arange(1 - side, side, dtype=np.float32) / max(whole - 1, 1) * 8
        for side, whole in zip(window, trained, strict=True)
    ]
    distances = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, 2)
    return np.asarray(np.sign(distances) * np.log2(np.abs(distances) + 1) / np.log2(8), np.float32)
