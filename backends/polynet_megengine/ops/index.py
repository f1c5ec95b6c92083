"""Taking and placing elements by index, mask or order, with every index checked first."""

from __future__ import annotations

import builtins
import math
from typing import Any

import megengine.functional as F
import numpy as np
from megengine.core._imperative_rt.core2 import apply
from megengine.core.ops.builtin import IndexingIncrMultiAxisVec, IndexingSetMultiAxisVec

from polynet.errors import InputError, OptionError
from polynet.ops.arguments import ValuesIndices
from polynet.ops.checks import check_dim, check_ndim, whole_number
from polynet.types import Tensor
from polynet_megengine.ops._indices import as_index, check_range
from polynet_megengine.ops._tensors import (
    array_like,
    as_scalar,
    broadcast,
    is_floating,
    is_tensor,
    python_number,
    scalar_like,
    select,
    shape_of,
    values_are_readable,
)
from polynet_megengine.ops.arithmetic import truth_of

# One integer index vector on axis 0: the items are (axis, begin, end, step, index) with a flag for each one given.
_ON_FIRST_AXIS = [(0, False, False, False, True)]


def _flat_positions(operation: str, input: Tensor, dim: int, index: Tensor) -> tuple[Tensor, int]:
    """Positions in the flattened input that an index along one dimension means, and that dimension's axis.

    Raises:
        InputError: The index has another rank, or is longer than the input along another dimension.
        InputIndexError: An index lies outside the dimension.
    """
    shape, lengths = shape_of(input), shape_of(index)
    axis = check_dim(operation, dim, len(shape))
    others = [place for place in range(len(shape)) if place != axis]
    if len(lengths) != len(shape) or builtins.any(lengths[place] > shape[place] for place in others):
        message = (
            f"{operation}: the index of shape {lengths} must have as many dimensions as the input of shape {shape}, "
            f"and be no longer in any but dimension {dim}."
        )
        raise InputError(message)
    index = as_index(index, f"{operation}: index")
    check_range(index, shape[axis], f"{operation}: index")
    strides = [math.prod(shape[place + 1 :]) for place in range(len(shape))]
    base = np.zeros(lengths, dtype="int32")
    for place in others:
        steps = np.arange(lengths[place], dtype="int32") * strides[place]
        base += steps.reshape([-1 if each == place else 1 for each in range(len(shape))])
    flat = F.reshape(index, (-1,)) * strides[axis] + array_like(base.reshape(-1), input)
    return flat, axis


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Take `input[i][index[i][j][k]][k]` (for `dim=1`); the result has the shape of the index."""
    if input.ndim == 0:
        return input
    flat, _ = _flat_positions("gather", input, dim, index)
    lengths = shape_of(index)
    if 0 in lengths:
        return F.zeros(lengths, dtype=input.dtype, device=input.device)
    return F.reshape(F.reshape(input, (-1,))[flat], lengths)


def scatter(input: Tensor, dim: int, index: Tensor, src: Tensor | float) -> Tensor:
    """Copy of the input with `src` written to the positions that `gather` would read."""
    return _placed("scatter", IndexingSetMultiAxisVec(items=_ON_FIRST_AXIS), input, dim, index, src)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Copy of the input with `src` added at the positions that `gather` would read."""
    return _placed("scatter_add", IndexingIncrMultiAxisVec(items=_ON_FIRST_AXIS), input, dim, index, src)


def _placed(operation: str, placement: Any, input: Tensor, dim: int, index: Tensor, src: Any) -> Tensor:
    flat, _ = _flat_positions(operation, input, dim, index)
    lengths = shape_of(index)
    if 0 in lengths:
        return input
    if is_tensor(src):
        if len(shape_of(src)) != len(lengths) or builtins.any(
            wanted > given for wanted, given in zip(lengths, shape_of(src), strict=True)
        ):
            message = f"{operation}: src of shape {shape_of(src)} is smaller than the index of shape {lengths}."
            raise InputError(message)
        if shape_of(src) != lengths:
            src = src[tuple(slice(0, length) for length in lengths)]
        source = F.reshape(src, (-1,))
        if source.dtype != input.dtype:
            source = source.astype(input.dtype)
    else:
        source = broadcast(scalar_like(python_number(src), input), shape_of(flat))
    (result,) = apply(placement, F.reshape(input, (-1,)), source, flat)
    return F.reshape(result, shape_of(input))


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Take the slices of a dimension that a vector of indices names."""
    axis = check_dim("index_select", dim, input.ndim)
    if index.ndim > 1:
        message = f"index_select: the index must be a vector, not of shape {shape_of(index)}."
        raise InputError(message)
    index = F.reshape(as_index(index, "index_select: index"), (-1,))
    shape = shape_of(input)
    check_range(index, shape[axis] if shape else 1, "index_select: index")
    count = shape_of(index)[0]
    if not shape:
        return input
    if count == 0 or 0 in shape:
        return F.zeros((*shape[:axis], count, *shape[axis + 1 :]), dtype=input.dtype, device=input.device)
    return input[(slice(None),) * axis + (index,)]


def where(condition: Tensor, input: Tensor | float, other: Tensor | float) -> Tensor:
    """Elements of `input` where the condition holds, of `other` elsewhere; either may be a number."""
    if condition.dtype.kind != "b":
        message = f"where needs a bool tensor to choose by, not one of {condition.dtype}."
        raise InputError(message)
    chosen, rest = python_number(input), python_number(other)
    if not is_tensor(chosen):
        chosen = scalar_like(chosen, condition, _scalar_type(chosen, rest))
    if not is_tensor(rest):
        rest = scalar_like(rest, condition, _scalar_type(rest, chosen))
    if chosen.dtype.kind == "b" and rest.dtype.kind == "b":
        result = (condition & chosen) | (F.logical_not(condition) & rest)
    else:
        result = select(condition, chosen, rest)
    numbers_only = not is_tensor(python_number(input)) and not is_tensor(python_number(other))
    if numbers_only:
        return F.reshape(result, shape_of(condition)) if shape_of(result) != shape_of(condition) else result
    return as_scalar(result, condition, chosen, rest)


def _scalar_type(number: float, beside: Any) -> Any:
    """Dtype of a number beside a tensor: the tensor's, unless a fraction meets integers."""
    if is_tensor(beside) and (is_floating(beside) or not isinstance(number, float)):
        return beside.dtype if beside.dtype.kind != "b" or isinstance(number, bool) else "int32"
    if isinstance(number, bool):
        return "bool"
    return "float32" if isinstance(number, float) or isinstance(beside, float) else "int32"


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """The input with `value` where the mask is true."""
    if not is_tensor(value) and not isinstance(value, (int, float, np.generic)):
        message = f"masked_fill: value must be a number, not {value!r}."
        raise OptionError(message)
    if is_tensor(value):
        return where(mask, value.astype(input.dtype), input)
    if input.dtype.kind == "b":
        value = bool(value)
    elif not is_floating(input):
        value = int(value)
    return where(mask, scalar_like(value, input), input)


def _as_rows(input: Tensor, axis: int) -> tuple[Tensor, tuple[int, ...]]:
    """The input with one axis last and the others merged, and the shape before merging."""
    last = input.ndim - 1
    moved = input if axis == last else F.swapaxes(input, axis, last)
    shape = shape_of(moved)
    return F.reshape(moved, (-1, shape[-1])), shape


def _from_rows(rows: Tensor, shape: tuple[int, ...], axis: int) -> Tensor:
    result = F.reshape(rows, (*shape[:-1], shape_of(rows)[-1]))
    return result if axis == len(shape) - 1 else F.swapaxes(result, axis, len(shape) - 1)


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesIndices:
    """The `k` largest or smallest values along a dimension, in order, and where they were.

    Which of several equal values is named first is not defined, on torch neither.
    """
    axis = check_dim("topk", dim, input.ndim)
    if input.ndim == 0:
        return ValuesIndices(input, F.reshape(F.zeros_like(input), ()).astype("int32"))
    shape = shape_of(input)
    k = whole_number("topk", "k", k)
    if not 0 <= k <= shape[axis]:
        message = f"topk: k={k} must lie between 0 and {shape[axis]}, the length of dimension {dim}."
        raise InputError(message)
    if k == 0 or 0 in shape:
        size = (*shape[:axis], k, *shape[axis + 1 :])
        empty = F.zeros(size, dtype=input.dtype, device=input.device)
        return ValuesIndices(empty, empty.astype("int32"))
    rows, moved = _as_rows(_sortable(input), axis)
    values, indices = F.topk(rows, k, descending=largest, no_sort=not sorted)
    return ValuesIndices(_from_rows(values, moved, axis).astype(input.dtype), _from_rows(indices, moved, axis))


def sort(input: Tensor, dim: int = -1, descending: bool = False) -> ValuesIndices:
    """Values along a dimension in order, and where they were; equal values come in no particular order."""
    axis = check_dim("sort", dim, input.ndim)
    if input.ndim == 0 or 0 in shape_of(input):
        return ValuesIndices(input, F.reshape(F.zeros_like(input), shape_of(input)).astype("int32"))
    rows, moved = _as_rows(_sortable(input), axis)
    values, indices = F.sort(rows, descending)
    return ValuesIndices(_from_rows(values, moved, axis).astype(input.dtype), _from_rows(indices, moved, axis))


def argsort(input: Tensor, dim: int = -1, descending: bool = False) -> Tensor:
    """Positions that put a dimension in order."""
    return sort(input, dim, descending).indices


def _sortable(input: Tensor) -> Tensor:
    return input if is_floating(input) or input.dtype == np.int32 else input.astype("int32")


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Position of the first largest element along a dimension, or in the flattened input."""
    return _position("argmax", F.argmax, input, dim, keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Position of the first smallest element along a dimension, or in the flattened input."""
    return _position("argmin", F.argmin, input, dim, keepdim)


def _position(operation: str, locate: Any, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    shape = shape_of(input)
    axis = check_dim(operation, 0 if dim is None else dim, len(shape))
    if 0 in (shape if dim is None else shape[axis : axis + 1]):
        message = f"{operation} of no elements is undefined: the input has the shape {shape}."
        raise InputError(message)
    if not shape:
        return F.reshape(F.zeros_like(input), ()).astype("int32")
    input = _sortable(input)
    if dim is None:
        position = locate(F.reshape(input, (-1,)), axis=0)
        return F.reshape(position, (1,) * len(shape)) if keepdim else F.reshape(position, ())
    return locate(input, axis=axis, keepdims=keepdim)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """A new last dimension with 1 at each class's place, 0 elsewhere, of dtype int32."""
    index = as_index(tensor, "one_hot: the tensor")
    if num_classes < 0:
        if not values_are_readable():
            message = "one_hot: give num_classes; it cannot be read from the values while a tracer records."
            raise InputError(message)
        num_classes = int(index.numpy().max(initial=-1)) + 1
    shape = shape_of(index)
    check_range(index, num_classes, "one_hot: the tensor")
    if 0 in shape or num_classes == 0:
        return F.zeros((*shape, num_classes), dtype="int32", device=tensor.device)
    return F.reshape(F.nn.one_hot(F.reshape(index, (-1,)), num_classes), (*shape, num_classes))


def nonzero(input: Tensor) -> Tensor:
    """Positions of the elements other than zero, one row each, of dtype int32."""
    shape = shape_of(input)
    mask = F.reshape(truth_of(input), (-1,))
    _, flat = F.cond_take(mask, mask.astype("int32"))
    if not shape:
        return F.zeros((shape_of(flat)[0], 0), dtype="int32", device=input.device)
    columns = []
    for place, length in enumerate(shape):
        step = math.prod(shape[place + 1 :])
        columns.append(flat // step % length if step and length else flat)
    return F.stack(columns, 1).astype("int32")


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of matrices up to a diagonal, zero above."""
    return _triangle("tril", input, np.tril, diagonal)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of matrices from a diagonal, zero below."""
    return _triangle("triu", input, np.triu, diagonal)


def _triangle(operation: str, input: Tensor, keep: Any, diagonal: int) -> Tensor:
    check_ndim(operation, input.ndim, range(2, 8), "(*, rows, columns)")
    mask = keep(np.ones(shape_of(input)[-2:], dtype="bool"), whole_number(operation, "diagonal", diagonal))
    return where(array_like(mask, input), input, 0 if input.dtype.kind != "b" else False)
