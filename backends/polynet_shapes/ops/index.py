"""Choosing, ordering and placing elements."""

from __future__ import annotations

from typing import Any

from polynet.errors import InputError, OptionError, UnsupportedError
from polynet.ops.arguments import ValuesIndices
from polynet_shapes.dtypes import INDEX, check_index
from polynet_shapes.rules import as_axes, as_axis, as_int, broadcast, reduced, replaced
from polynet_shapes.tensor import ShapeTensor, elementwise, promoted

__all__ = [
    "argmax",
    "argmin",
    "argsort",
    "gather",
    "index_select",
    "masked_fill",
    "nonzero",
    "one_hot",
    "scatter",
    "scatter_add",
    "sort",
    "topk",
    "tril",
    "triu",
    "where",
]


def _check_fits(operation: str, index: ShapeTensor, other: ShapeTensor, free: int | None, name: str) -> None:
    """An index has as many axes as the other tensor, and is no longer along any but the free one."""
    fits = index.ndim == other.ndim and all(
        axis == free or length <= limit
        for axis, (length, limit) in enumerate(zip(index.shape, other.shape, strict=True))
    )
    if not fits:
        besides = "" if free is None else f" but axis {free}"
        message = (
            f"{operation}: an index of {list(index.shape)} must have the axes of {name}, {list(other.shape)}, "
            f"and be no longer along any{besides}."
        )
        raise InputError(message)


def gather(input: ShapeTensor, dim: int, index: ShapeTensor) -> ShapeTensor:
    """The index's shape."""
    check_index("gather", index.dtype)
    _check_fits("gather", index, input, as_axis(dim, input.ndim, "gather"), "input")
    return input.like(index.shape)


def _scattered(operation: str, input: ShapeTensor, dim: int, index: ShapeTensor, src: Any) -> ShapeTensor:
    check_index(operation, index.dtype)
    axis = as_axis(dim, input.ndim, operation)
    _check_fits(operation, index, input, axis, "input")
    if isinstance(src, ShapeTensor):
        _check_fits(operation, index, src, None, "src")
        if src.dtype != input.dtype:
            message = f"{operation}: input is {input.dtype} and src {src.dtype}; they must have one dtype."
            raise InputError(message)
    return input.like(input.shape)


def scatter(input: ShapeTensor, dim: int, index: ShapeTensor, src: ShapeTensor | float) -> ShapeTensor:
    """The input's shape."""
    return _scattered("scatter", input, dim, index, src)


def scatter_add(input: ShapeTensor, dim: int, index: ShapeTensor, src: ShapeTensor) -> ShapeTensor:
    """The input's shape."""
    return _scattered("scatter_add", input, dim, index, src)


def index_select(input: ShapeTensor, dim: int, index: ShapeTensor) -> ShapeTensor:
    """The axis as long as the index."""
    check_index("index_select", index.dtype)
    if index.ndim > 1:
        message = f"index_select needs a 1-d index, and was given {list(index.shape)}."
        raise InputError(message)
    axis = as_axis(dim, input.ndim, "index_select")
    return input.like(replaced(input.shape, axis, index.elements) if input.shape else ())


def _check_mask(operation: str, mask: ShapeTensor) -> None:
    if mask.dtype != "bool":
        message = f"{operation} needs a bool tensor to choose by, and was given {mask.dtype}."
        raise InputError(message)


def where(condition: ShapeTensor, input: ShapeTensor | float, other: ShapeTensor | float) -> ShapeTensor:
    """All three broadcast, the latter two promoted."""
    _check_mask("where", condition)
    chosen = elementwise("where", input, other)
    return chosen.like(broadcast("where", condition.shape, chosen.shape))


def masked_fill(input: ShapeTensor, mask: ShapeTensor, value: float) -> ShapeTensor:
    """Input and mask broadcast, in the input's dtype."""
    _check_mask("masked_fill", mask)
    if promoted("masked_fill", input, value) != input.dtype:
        message = f"masked_fill: {value!r} cannot be held by a tensor of {input.dtype}."
        raise InputError(message)
    return input.like(broadcast("masked_fill", input.shape, mask.shape))


def _values_indices(input: ShapeTensor, shape: tuple[int, ...]) -> ValuesIndices:
    return ValuesIndices(input.like(shape), ShapeTensor(shape, INDEX))


def topk(input: ShapeTensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesIndices:
    """The axis cut to length k."""
    axis = as_axis(dim, input.ndim, "topk")
    length = (input.shape or (1,))[axis]
    if not 0 <= as_int(k, "topk", "k") <= length:
        message = f"topk: k must be from 0 to {length}, the length of axis {axis}, not {k}."
        raise InputError(message)
    return _values_indices(input, replaced(input.shape, axis, k) if input.shape else ())


def sort(input: ShapeTensor, dim: int = -1, descending: bool = False) -> ValuesIndices:
    """The same shape twice."""
    as_axis(dim, input.ndim, "sort")
    return _values_indices(input, input.shape)


def argsort(input: ShapeTensor, dim: int = -1, descending: bool = False) -> ShapeTensor:
    """The same shape, of indices."""
    as_axis(dim, input.ndim, "argsort")
    return ShapeTensor(input.shape, INDEX)


def argmax(input: ShapeTensor, dim: int | None = None, keepdim: bool = False) -> ShapeTensor:
    """Indices, without the axis."""
    axes = as_axes(dim, input.ndim, "argmax")
    if any(input.shape[axis] == 0 for axis in axes if input.shape):
        message = f"An extreme of no elements is undefined: shape {list(input.shape)}, dim {dim}."
        raise InputError(message)
    return ShapeTensor(reduced(input.shape, axes, keepdim), INDEX)


def argmin(input: ShapeTensor, dim: int | None = None, keepdim: bool = False) -> ShapeTensor:
    """Indices, without the axis."""
    return argmax(input, dim, keepdim)


def one_hot(tensor: ShapeTensor, num_classes: int = -1) -> ShapeTensor:
    """A new last axis, as long as there are classes.

    Raises:
        UnsupportedError: `num_classes` is left to the values.
    """
    check_index("one_hot", tensor.dtype)
    if num_classes == -1:
        message = "one_hot without num_classes depends on values, which the backend 'shapes' has not."
        raise UnsupportedError(message)
    if as_int(num_classes, "one_hot", "num_classes") < 1:
        message = f"one_hot: num_classes must be at least 1, or -1, not {num_classes}."
        raise OptionError(message)
    return ShapeTensor((*tensor.shape, num_classes), INDEX)


def nonzero(input: ShapeTensor) -> ShapeTensor:
    """Refuse: how many elements are not 0 is a matter of numbers.

    Raises:
        UnsupportedError: Always.
    """
    message = "nonzero gives a shape that depends on values, which the backend 'shapes' has not."
    raise UnsupportedError(message)


def tril(input: ShapeTensor, diagonal: int = 0) -> ShapeTensor:
    """The same shape, of at least 2 axes."""
    as_int(diagonal, "tril", "diagonal")
    if input.ndim < 2:
        message = f"A triangle needs at least 2 axes; the shape is {list(input.shape)}."
        raise InputError(message)
    return input.like(input.shape)


def triu(input: ShapeTensor, diagonal: int = 0) -> ShapeTensor:
    """The same shape, of at least 2 axes."""
    return tril(input, diagonal)
