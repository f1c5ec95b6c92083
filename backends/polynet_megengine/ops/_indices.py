"""Checks of index and label values, which MegEngine itself reads out of bounds, then aborts at exit."""

from __future__ import annotations

import megengine.functional as F
import numpy as np

from polynet.errors import InputError, InputIndexError
from polynet.types import Tensor
from polynet_megengine.known_numbers import values_of
from polynet_megengine.ops._tensors import values_are_readable


def as_index(index: Tensor, name: str = "index") -> Tensor:
    """An index tensor as int32, the only type that MegEngine indexes with.

    Raises:
        InputError: It holds no integers.
    """
    if index.dtype == np.int32:
        return index
    if index.dtype.kind not in "iu":
        message = f"{name} must hold integers, not {index.dtype}."
        raise InputError(message)
    return index.astype("int32")


def check_range(index: Tensor, size: int, name: str = "index", *, lowest: int = 0, ignored: int | None = None) -> bool:
    """Refuse indices outside `lowest … size - 1`. Waits for their values; does nothing while a tracer records.

    Args:
        index: Integers, any shape.
        size: Number of entries indexed.
        name: What to call them in the message.
        lowest: Smallest allowed; `-size` where counting from the end is allowed.
        ignored: A value allowed besides.

    Returns:
        Whether `ignored` may be among them.

    Raises:
        InputIndexError: One lies outside; the message has the smallest and the largest given.
    """
    if not values_are_readable():
        return ignored is not None
    values = values_of(index)
    if values.size == 0:
        return False
    smallest, largest = int(values.min()), int(values.max())
    has_ignored = ignored is not None and smallest <= ignored <= largest and bool((values == ignored).any())
    if has_ignored:
        values = values[values != ignored]
        if values.size == 0:
            return True
        smallest, largest = int(values.min()), int(values.max())
    if smallest < lowest or largest >= size:
        besides = "" if ignored is None else f" (and {ignored}, which is ignored)"
        allowed = f"{lowest} to {size - 1}{besides}" if size > lowest else "none, the indexed dimension is empty"
        message = f"{name} has values from {smallest} to {largest}; allowed are {allowed}."
        raise InputIndexError(message)
    return has_ignored


def check_non_zero(divisor: Tensor, name: str = "other") -> None:
    """Refuse integer division by zero, which ends the process. Does nothing while a tracer records.

    Raises:
        InputError: A zero is among the divisors.
    """
    if values_are_readable() and not divisor.numpy().all():
        message = f"{name} holds a zero: integer division by zero is undefined."
        raise InputError(message)


def take_one(x: Tensor, index: Tensor, axis: int) -> Tensor:
    """The one element along an axis that `index`, of length 1 there, points at; the axis stays."""
    if x.ndim == 1:  # the native operation wants two dimensions
        return F.squeeze(F.nn.indexing_one_hot(F.expand_dims(x, 0), index, 1, keepdims=True), 0)
    # The native operation refuses the strides of a slice or a transposed tensor, which a product has not.
    return F.nn.indexing_one_hot(x * 1, F.squeeze(index, axis), axis, keepdims=True)
