"""numpy arrays inside pickles: the few names they need, rebuilt from their bytes without numpy's own unpickling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet.errors import CheckpointError
from polynet.weights.elements import Array
from polynet.weights.pickle_machine import Global, checked_key

_KINDS = frozenset("fiub")


class PickledDtype:
    """A numpy dtype being rebuilt."""

    def __init__(self, name: object, *_: object) -> None:
        text = bytes(name).decode("ascii") if isinstance(name, (bytes, memoryview)) else name
        try:
            self.dtype = np.dtype(str(text)) if isinstance(text, str) and len(text) < 16 else None
        except TypeError:
            self.dtype = None
        if self.dtype is None or self.dtype.kind not in _KINDS or self.dtype.itemsize > 8:
            message = f"The checkpoint holds an array of type {str(text)[:40]!r}; only plain numbers are read."
            raise CheckpointError(message)

    def build(self, state: object) -> None:
        """Take the byte order; a dtype with fields, a sub-array or metadata is refused."""
        if not isinstance(state, tuple) or len(state) != 8 or any(item is not None for item in state[2:5]):
            message = "The checkpoint holds an array of a structured type; only plain numbers are read."
            raise CheckpointError(message)
        order = bytes(state[1]).decode("ascii") if isinstance(state[1], (bytes, memoryview)) else state[1]
        if order not in ("<", ">", "|", "="):
            message = "The checkpoint is damaged: an array of unknown byte order."
            raise CheckpointError(message)
        if self.dtype is not None and self.dtype.itemsize > 1:
            self.dtype = self.dtype.newbyteorder(">" if order == ">" else "<")


class PickledArray:
    """A numpy array being rebuilt; `array` is `None` until its state is known."""

    def __init__(self, *_: object) -> None:
        self.array: Array | None = None

    def build(self, state: object) -> None:
        """Take (version, shape, dtype, Fortran order, bytes)."""
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            message = "The checkpoint is damaged: an array with a state of the wrong form."
            raise CheckpointError(message)
        shape, dtype, fortran, raw = state[-4:]
        self.array = _array(raw, dtype, shape, order="F" if fortran else "C")


def _array(raw: object, dtype: object, shape: object, order: str) -> Array:
    if isinstance(raw, str):
        raw = raw.encode("latin-1")
    if not isinstance(raw, (bytes, memoryview)) or not isinstance(dtype, PickledDtype) or dtype.dtype is None:
        message = "The checkpoint is damaged: an array without bytes or without a type."
        raise CheckpointError(message)
    sizes = checked_shape(shape)
    if math.prod(sizes) * dtype.dtype.itemsize != len(raw):
        message = f"The checkpoint is damaged: {len(raw)} bytes for an array of shape {sizes} and type {dtype.dtype}."
        raise CheckpointError(message)
    flat: Array = np.frombuffer(raw, dtype=dtype.dtype)
    return flat.reshape(sizes, order="F" if order == "F" else "C")


def checked_shape(shape: object) -> tuple[int, ...]:
    """A shape from a file, if it can be one: at most 32 sizes of at most 2**48, none negative.

    Raises:
        CheckpointError: It cannot be a shape.

    Example:
        >>> checked_shape([2, 3])
        (2, 3)
    """
    if isinstance(shape, Sequence) and not isinstance(shape, (str, bytes)) and len(shape) <= 32:
        sizes: list[Any] = list(shape)
        if all(isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= 1 << 48 for size in sizes):
            return tuple(sizes)
    message = "The checkpoint is damaged: something that cannot be a shape."
    raise CheckpointError(message)


def _scalar(dtype: object, raw: object = b"") -> object:
    return _array(raw, dtype, (), order="C").item()


def _from_buffer(raw: object, dtype: object, shape: object, order: object = "C") -> PickledArray:
    made = PickledArray()
    made.array = _array(raw, dtype, shape, order="F" if order == "F" else "C")
    return made


def _encode(budget: list[int]) -> Global:
    """`_codecs.encode`, by which protocols below 3 spell bytes; all its results together stay below the budget."""

    def encode(text: object, encoding: object = "latin1") -> bytes:
        if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
            message = "The checkpoint is damaged: bytes in an unknown spelling."
            raise CheckpointError(message)
        budget[0] -= len(text)
        if budget[0] < 0:
            message = "The checkpoint unfolds to more bytes than the file has; it was refused."
            raise CheckpointError(message)
        return text.encode("latin-1")

    return Global("_codecs.encode", encode)


def _ordered(pairs: object = ()) -> dict[object, object]:
    """`OrderedDict(pairs)`, with keys checked as any dictionary's."""
    if not isinstance(pairs, (list, tuple)):
        message = "The checkpoint is damaged: a dictionary made of something other than pairs."
        raise CheckpointError(message)
    return {checked_key(key): value for key, value in pairs}


def numpy_names(size: int) -> dict[str, Global]:
    """The names by which pickles hold dictionaries and numpy arrays.

    Args:
        size: Bytes of the file: what its parts may unfold to at most.

    Example:
        >>> "numpy.dtype" in numpy_names(100)
        True
    """
    table = [
        Global("collections.OrderedDict", _ordered),
        Global("numpy.ndarray"),
        Global("numpy.dtype", PickledDtype),
        _encode([size]),
        # How protocol 2 spells no bytes at all.
        Global("__builtin__.bytes", lambda: b""),
    ]
    for core in ("numpy.core", "numpy._core"):
        table.append(Global(f"{core}.multiarray._reconstruct", PickledArray))
        table.append(Global(f"{core}.multiarray.scalar", _scalar))
        table.append(Global(f"{core}.numeric._frombuffer", _from_buffer))
    return {entry.name: entry for entry in table}
