"""Indexing that refuses numbers out of range, and slices that MegEngine's CPU kernels read rightly.

MegEngine reports `x[5]` of five rows late, at the next synchronisation, so whole numbers are looked at first.

MegEngine 1.13 on a CPU silently computes `x[:, 1:] + bias` wrongly: a slice is a view with gaps, and beside an operand
that is broadcast over leading axes the elementwise kernels ignore the gaps. Code that is written once for all
frameworks cannot avoid slices, so where the installed MegEngine has this fault, a slice that would leave gaps is
copied. Values, gradients and types are what they were; nothing is changed where the fault is not found.
"""

from __future__ import annotations

from typing import Any

import megengine
import numpy as np
from megengine.core.tensor.array_method import ArrayMethodMixin

from polynet.errors import InputIndexError
from polynet.types import Tensor

native_getitem = ArrayMethodMixin.__getitem__


def misreads_slices() -> bool:
    """Whether the installed MegEngine adds a broadcast operand to a slice wrongly."""
    numbers = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    bias = np.arange(4, dtype=np.float32)
    sliced = native_getitem(megengine.Tensor(numbers), (slice(None), slice(1, None)))
    return not np.array_equal((sliced + megengine.Tensor(bias)).numpy(), numbers[:, 1:] + bias)


def leaves_gaps(index: Any) -> bool:
    """Whether an index yields a view with gaps: it takes part of an axis that is not the first, or steps over elements.

    Indices that hold tensors, arrays or lists gather elements into a new tensor and leave none.
    """
    steps = index if isinstance(index, tuple) else (index,)
    if not all(step is None or step is Ellipsis or isinstance(step, int | slice) for step in steps):
        return False
    if any(isinstance(step, slice) and step.step not in (None, 1) for step in steps):
        return True
    later = steps[1:] if steps and steps[0] is not Ellipsis else steps
    return any(isinstance(step, int) or (isinstance(step, slice) and step != slice(None)) for step in later)


def check_numbers(tensor: Tensor, index: Any) -> None:
    """Refuse whole numbers that lie outside the axes they index.

    Raises:
        InputIndexError: One does.
    """
    steps = index if isinstance(index, tuple) else (index,)
    for step in steps:
        if type(step) is int:
            break
    else:
        return
    shape: tuple[int, ...] = tensor._tuple_shape
    _check_from(steps, shape, shape)
    if any(step is Ellipsis for step in steps[:-1]):  # the axes after it are counted from the last one
        _check_from(steps[::-1], shape[::-1], shape)


def _check_from(steps: Any, lengths: tuple[int, ...], shape: tuple[int, ...]) -> None:
    axis = 0
    for step in steps:
        if step is None:
            continue
        if type(step) is not int and not isinstance(step, slice):
            return  # an ellipsis or an index of many numbers: which axis follows is not known here
        if axis >= len(lengths):
            message = f"A tensor of shape {list(shape)} was indexed along more axes than it has."
            raise InputIndexError(message)
        if type(step) is int and not -lengths[axis] <= step < lengths[axis]:
            message = f"Index {step} lies outside an axis of {lengths[axis]}, in a tensor of shape {list(shape)}."
            raise InputIndexError(message)
        axis += 1


def _checked_getitem(tensor: Tensor, index: Any) -> Tensor:
    check_numbers(tensor, index)
    return native_getitem(tensor, index)


def _getitem(tensor: Tensor, index: Any) -> Tensor:
    check_numbers(tensor, index)
    found = native_getitem(tensor, index)
    if not leaves_gaps(index):
        return found
    return (found.astype("int32") * 1) != 0 if found.dtype.kind == "b" else found * 1


def copy_slices_where_misread() -> bool:
    """Have indices checked, and slices copied if the installed MegEngine needs it; returns whether it does."""
    needed = misreads_slices()
    ArrayMethodMixin.__getitem__ = _getitem if needed else _checked_getitem
    return needed
