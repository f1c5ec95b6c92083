"""New tensors. There is one device, so `device` and `like` change nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from polynet.errors import FrameworkMismatchError, InputError
from polynet_shapes import dtypes
from polynet_shapes.rules import Shape, as_shape, check_numbers
from polynet_shapes.tensor import ShapeTensor, is_number

__all__ = ["arange", "eye", "full", "full_like", "linspace", "ones", "ones_like", "tensor", "zeros", "zeros_like"]


def _new(size: Any, operation: str, dtype: Any, default: str = dtypes.DEFAULT) -> ShapeTensor:
    return ShapeTensor(as_shape(size, operation), default if dtype is None else dtypes.dtype_named(dtype))


def tensor(data: Any, *, dtype: Any = None, device: Any = None, like: ShapeTensor | None = None) -> ShapeTensor:
    """Shape and dtype of an array, a number, or nested lists of numbers."""
    shape, kind = _described(data)
    return ShapeTensor(shape, kind if dtype is None else dtypes.dtype_named(dtype))


def _described(data: Any) -> tuple[Shape, str]:
    if hasattr(data, "shape") and hasattr(data, "dtype"):
        return tuple(data.shape), dtypes.dtype_named(data.dtype)
    if is_number(data):
        return (), dtypes.number_dtype(data)
    if not isinstance(data, Sequence) or isinstance(data, str):
        message = f"A tensor is made of numbers, nested lists of them, or an array, not of {type(data).__name__}."
        raise FrameworkMismatchError(message)
    inner = [_described(item) for item in data]
    shapes = {shape for shape, _ in inner}
    if len(shapes) > 1:
        message = f"The lists are ragged: entries of one list have the shapes {sorted(shapes)}."
        raise InputError(message)
    return (len(data), *(shapes.pop() if shapes else ())), dtypes.result_dtype([kind for _, kind in inner], [], [])


def zeros(size: Any, *, dtype: Any = None, device: Any = None, like: ShapeTensor | None = None) -> ShapeTensor:
    """The shape given, float32 by default."""
    return _new(size, "zeros", dtype)


def ones(size: Any, *, dtype: Any = None, device: Any = None, like: ShapeTensor | None = None) -> ShapeTensor:
    """The shape given, float32 by default."""
    return _new(size, "ones", dtype)


def full(
    size: Any, fill_value: float, *, dtype: Any = None, device: Any = None, like: ShapeTensor | None = None
) -> ShapeTensor:
    """The shape given; the number decides the dtype."""
    check_numbers("full", fill_value=fill_value)
    return _new(size, "full", dtype, dtypes.number_dtype(fill_value))


def zeros_like(input: ShapeTensor, *, dtype: Any = None, device: Any = None) -> ShapeTensor:
    """The same shape."""
    return _new(input.shape, "zeros_like", dtype, input.dtype)


def ones_like(input: ShapeTensor, *, dtype: Any = None, device: Any = None) -> ShapeTensor:
    """The same shape."""
    return _new(input.shape, "ones_like", dtype, input.dtype)


def full_like(input: ShapeTensor, fill_value: float, *, dtype: Any = None, device: Any = None) -> ShapeTensor:
    """The same shape."""
    check_numbers("full_like", fill_value=fill_value)
    return _new(input.shape, "full_like", dtype, input.dtype)


def arange(
    start: float,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    like: ShapeTensor | None = None,
) -> ShapeTensor:
    """As many numbers as there are steps up to the end, which is left out."""
    first, last = (0, start) if end is None else (start, end)
    if step == 0 or (last - first) * step < 0:
        message = f"arange: a step of {step} does not lead from {first} to {last}."
        raise InputError(message)
    kinds = [dtypes.number_dtype(number) for number in (first, last, step)]
    return _new(math.ceil((last - first) / step), "arange", dtype, dtypes.result_dtype([], [], kinds))


def linspace(
    start: float,
    end: float,
    steps: int,
    *,
    dtype: Any = None,
    device: Any = None,
    like: ShapeTensor | None = None,
) -> ShapeTensor:
    """So many numbers, float32 by default."""
    return _new(steps, "linspace", dtype)


def eye(
    n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, like: ShapeTensor | None = None
) -> ShapeTensor:
    """A matrix, square by default."""
    return _new((n, n if m is None else m), "eye", dtype)
