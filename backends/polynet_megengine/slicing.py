"""Slices that MegEngine's CPU kernels read rightly.

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


def _getitem(tensor: Tensor, index: Any) -> Tensor:
    found = native_getitem(tensor, index)
    if not leaves_gaps(index):
        return found
    return (found.astype("int32") * 1) != 0 if found.dtype.kind == "b" else found * 1


def copy_slices_where_misread() -> bool:
    """Have slices copied if the installed MegEngine needs it; returns whether it does."""
    needed = misreads_slices()
    if needed:
        ArrayMethodMixin.__getitem__ = _getitem
    return needed
