"""Rotary embeddings of places on a grid (Su et al. 2021, arXiv:2104.09864; in two dimensions as in EVA-02)."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet import ops
from polynet.types import Tensor


def rotary_tables(
    grid: tuple[int, int],
    width: int,
    *,
    prefix: int = 0,
    reference: tuple[int, int] | None = None,
    temperature: float = 10000.0,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """What `rotate` multiplies tokens by: cosines and signed sines, each `(prefix + H · W, width)`.

    Half of the pairs of features turn with the row, half with the column. Tokens before the grid's do not turn.

    Args:
        grid: Rows and columns.
        width: Features of a head: a multiple of 4.
        prefix: Tokens that stand for no place, before the others.
        reference: Rows and columns which the places are spread over, whatever the grid; the grid's own by default.
        temperature: Ratio of the fastest and the slowest turning.

    Example:
        >>> cosines, sines = rotary_tables((2, 2), 4, prefix=1)
        >>> cosines.shape, sines[0].tolist()
        ((5, 4), [0.0, 0.0, 0.0, 0.0])
    """
    bands = (1.0 / temperature ** (np.arange(width // 4, dtype=np.float32) / (width // 4))).astype(np.float32)
    places: list[np.ndarray[Any, Any]] = [np.arange(length, dtype=np.float32) for length in grid]
    if reference is not None:
        places = [at / length * wanted for at, length, wanted in zip(places, grid, reference, strict=True)]
    rows, columns = np.meshgrid(*places, indexing="ij")
    angles = np.stack([rows, columns], -1)[..., None].astype(np.float32) * bands
    pairs = np.repeat(angles.reshape(grid[0] * grid[1], width // 2), 2, axis=1)
    signs = np.tile(np.asarray([-1.0, 1.0], np.float32), width // 2)
    cosines = np.concatenate([np.ones((prefix, width), np.float32), np.cos(pairs)])
    sines = np.concatenate([np.zeros((prefix, width), np.float32), np.sin(pairs) * signs])
    return cosines.astype(np.float32), sines.astype(np.float32)


def rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turn each pair of neighbouring features `(…, L, width)` by its token's angle.

    Args:
        x: Queries or keys.
        cosines: Of `rotary_tables`, `(L, width)`.
        sines: Of `rotary_tables`: the first of each pair is negated, so that exchanging the pair's features is all that
            is left to do.
    """
    exchanged = ops.flatten(ops.flip(ops.unflatten(x, -1, (-1, 2)), (-1,)), -2)
    return x * cosines + exchanged * sines
