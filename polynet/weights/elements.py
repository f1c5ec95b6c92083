"""Element types of checkpoint formats: what each is called, and how numpy holds it.

numpy has no bfloat16. Such numbers are read as 16-bit patterns and widened to float32, which loses nothing: a bfloat16
is the upper half of a float32.
"""

from __future__ import annotations

import sys
from typing import Any, Protocol, TypeAlias

import numpy as np
from attrs import frozen

from polynet.errors import CheckpointError

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


class Typed(Protocol):
    """An array, or what knows the element type of one."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type."""


@frozen
class ElementType:
    """One element type as it lies in a file.

    Attributes:
        name: Neutral name: `"float32"`.
        stored: The little-endian numpy type of the bytes in the file.
    """

    name: str
    stored: np.dtype[Any]

    @property
    def size(self) -> int:
        """Bytes of one element."""
        return int(self.stored.itemsize)


def _element(name: str, stored: str) -> ElementType:
    return ElementType(name, np.dtype(stored))


ELEMENTS = {
    element.name: element
    for element in (
        _element("float64", "<f8"),
        _element("float32", "<f4"),
        _element("float16", "<f2"),
        _element("bfloat16", "<u2"),
        _element("int64", "<i8"),
        _element("int32", "<i4"),
        _element("int16", "<i2"),
        _element("int8", "i1"),
        _element("uint64", "<u8"),
        _element("uint32", "<u4"),
        _element("uint16", "<u2"),
        _element("uint8", "u1"),
        _element("bool", "?"),
    )
}


def element_of(array: Typed) -> ElementType:
    """The element type that an array is written as.

    Raises:
        CheckpointError: No checkpoint format holds it (complex numbers, objects, strings).

    Example:
        >>> element_of(np.zeros(2, np.float16)).name
        'float16'
    """
    found = ELEMENTS.get(array.dtype.name)
    if found is None:
        message = f"Numbers of type {array.dtype} cannot be written; the types are {', '.join(ELEMENTS)}."
        raise CheckpointError(message)
    return found


def widen_bfloat16(patterns: Array) -> Array:
    """Read 16-bit patterns as bfloat16 and give float32.

    Example:
        >>> float(widen_bfloat16(np.array([0x3FC0], np.uint16))[0])
        1.5
    """
    wide = patterns.astype(np.uint32)
    np.left_shift(wide, 16, out=wide)
    return wide.view(np.float32)


def usable(stored: Array, element: ElementType) -> Array:
    """An array in this machine's byte order, with bfloat16 widened; the same memory where nothing has to change."""
    if element.name == "bfloat16":
        return widen_bfloat16(stored)
    if stored.dtype.isnative:
        return stored
    return stored.astype(stored.dtype.newbyteorder("="))


def little_endian(array: Array) -> Array:
    """A C-contiguous array whose bytes are the file's: little-endian; the same memory where it is so already."""
    contiguous = np.require(array, requirements="C")
    if contiguous.dtype.byteorder == ">" or (contiguous.dtype.byteorder == "=" and sys.byteorder == "big"):
        return contiguous.astype(contiguous.dtype.newbyteorder("<"))
    return contiguous
