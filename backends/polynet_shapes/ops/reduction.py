"""Sums, means, extremes and the like: axes go, or stay with length 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from polynet.errors import InputError
from polynet.ops.arguments import ValuesIndices
from polynet_shapes import dtypes
from polynet_shapes.ops.index import argmax
from polynet_shapes.rules import as_axes, as_axis, reduced
from polynet_shapes.tensor import ShapeTensor

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "cumsum",
    "logsumexp",
    "max",
    "mean",
    "min",
    "norm",
    "prod",
    "std",
    "sum",
    "var",
]

_Dims: TypeAlias = int | Sequence[int] | None
_Reduction: TypeAlias = Callable[..., ShapeTensor]


def _reduction(name: str, result: Callable[[str], str] | str, *, fractional: bool = False) -> _Reduction:
    """A reduction whose result has the dtype `result`, or what that makes of the input's."""

    def operation(input: ShapeTensor, dim: _Dims = None, keepdim: bool = False) -> ShapeTensor:
        if fractional:
            dtypes.check_floating(name, input.dtype)
        shape = reduced(input.shape, as_axes(dim, input.ndim, name), keepdim)
        return ShapeTensor(shape, result if isinstance(result, str) else result(input.dtype))

    operation.__name__ = operation.__qualname__ = name
    return operation


def _same(dtype: str) -> str:
    return dtype


all = _reduction("all", "bool")
any = _reduction("any", "bool")
logsumexp = _reduction("logsumexp", dtypes.floating)
mean = _reduction("mean", dtypes.floating, fractional=True)
prod = _reduction("prod", dtypes.summed)
sum = _reduction("sum", dtypes.summed)
_spread = _reduction("var", dtypes.floating, fractional=True)
_extreme = _reduction("amax", _same)


def var(input: ShapeTensor, dim: _Dims = None, *, correction: float = 1, keepdim: bool = False) -> ShapeTensor:
    """A floating-point reduction."""
    return _spread(input, dim, keepdim)


def std(input: ShapeTensor, dim: _Dims = None, *, correction: float = 1, keepdim: bool = False) -> ShapeTensor:
    """A floating-point reduction."""
    return _spread(input, dim, keepdim)


def norm(input: ShapeTensor, p: float = 2.0, dim: _Dims = None, keepdim: bool = False) -> ShapeTensor:
    """A floating-point reduction."""
    return _spread(input, dim, keepdim)


def amax(input: ShapeTensor, dim: _Dims = None, keepdim: bool = False) -> ShapeTensor:
    """A reduction over axes that are not empty."""
    axes = as_axes(dim, input.ndim, "amax")
    for axis in axes:
        if input.shape and input.shape[axis] == 0:
            message = f"An extreme of no elements is undefined: shape {list(input.shape)}, dim {dim}."
            raise InputError(message)
    return _extreme(input, dim, keepdim)


def amin(input: ShapeTensor, dim: _Dims = None, keepdim: bool = False) -> ShapeTensor:
    """A reduction over axes that are not empty."""
    return amax(input, dim, keepdim)


def max(input: ShapeTensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The extreme of all elements; along one axis, with its indices."""
    values = amax(input, dim, keepdim)
    return values if dim is None else ValuesIndices(values, argmax(input, dim, keepdim))


def min(input: ShapeTensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The extreme of all elements; along one axis, with its indices."""
    return max(input, dim, keepdim)


def cumsum(input: ShapeTensor, dim: int) -> ShapeTensor:
    """The same shape."""
    as_axis(dim, input.ndim, "cumsum")
    return ShapeTensor(input.shape, dtypes.summed(input.dtype))
