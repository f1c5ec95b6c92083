"""A tensor that is read piece by piece while it is written: for frameworks that copy what they lend."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np

from polynet.slots import Slot
from polynet.weights.elements import Array

PIECE = 8 << 20
"""Bytes from which on a tensor is read in pieces, and about how many each has."""


@attrs.frozen
class Pieces:
    """What a writer must know of a tensor before it reads it, and how to read it.

    Attributes:
        shape: Its canonical shape.
        dtype: Its element type.
        read: Gives its numbers in order, as arrays of any shape.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], Iterator[Array]]

    @property
    def nbytes(self) -> int:
        """Bytes of all pieces together."""
        return math.prod(self.shape) * self.dtype.itemsize


def pieces_of(slot: Slot) -> Array | Pieces:
    """A slot's numbers as they are best written: at once, or, where they are many and must be copied, in pieces."""
    dtype = np.dtype(slot.dtype) if slot.dtype in ("float32", "float64", "float16") else None
    if dtype is None or math.prod(slot.shape) * dtype.itemsize < PIECE or slot.view() is not None:
        return slot.peek()
    return Pieces(slot.shape, dtype, lambda: slot.pieces(PIECE))
