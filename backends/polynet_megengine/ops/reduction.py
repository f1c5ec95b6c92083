"""Reductions with torch's values and subgradients on MegEngine tensors."""

from __future__ import annotations

import builtins
import math
from typing import Any

import megengine.functional as F
import numpy as np

from polynet.errors import InputError
from polynet.ops.arguments import Dims, ValuesIndices
from polynet.ops.checks import check_dim, check_dims
from polynet.types import Tensor
from polynet_megengine.ops._gradients import Extremum, Product, square_root
from polynet_megengine.ops._indices import take_one
from polynet_megengine.ops._tensors import (
    as_scalar,
    drop_axes,
    for_reduction,
    in_float32,
    integral_as_float,
    is_floating,
    select,
    shape_of,
)
from polynet_megengine.ops.arithmetic import abs as absolute
from polynet_megengine.ops.arithmetic import isfinite, logical_not, truth_of


def _at_least_int32(input: Tensor) -> Tensor:
    """Narrow integers and booleans as int32, in which torch (int64) would not overflow either."""
    return input if input.dtype.kind == "f" or input.dtype == np.int32 else input.astype("int32")


def _needs_float(input: Tensor, name: str) -> None:
    if not is_floating(input):
        message = f"{name} needs floating-point numbers, not {input.dtype}; convert the tensor first."
        raise InputError(message)


def _needs_elements(input: Tensor, axes: tuple[int, ...], name: str) -> None:
    shape = shape_of(input)
    if 0 in (shape[axis] for axis in axes):
        message = f"{name} of no elements is undefined: the input has the shape {shape}."
        raise InputError(message)


def _axes(operation: str, dim: Dims, ndim: int) -> tuple[int, ...]:
    """Axes to reduce: all of them for an empty sequence too, as in torch."""
    return check_dims(operation, dim, ndim) or tuple(range(ndim))


def sum(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Sum over dimensions; all of them by default."""
    input = _at_least_int32(input)
    if dim is None and not keepdim:
        return in_float32(F.sum, input)
    axes = _axes("sum", dim, input.ndim)
    return in_float32(lambda x: F.sum(for_reduction(x, axes), axis=axes, keepdims=keepdim), input) if axes else input


def mean(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Mean over dimensions; all of them by default."""
    _needs_float(input, "mean")
    if dim is None and not keepdim:
        return in_float32(F.mean, input)
    axes = _axes("mean", dim, input.ndim)
    return in_float32(lambda x: F.mean(for_reduction(x, axes), axis=axes, keepdims=keepdim), input) if axes else input


def var(input: Tensor, dim: Dims = None, *, correction: float = 1, keepdim: bool = False) -> Tensor:
    """Variance over dimensions: squared deviations over `count - correction`."""
    _needs_float(input, "var")
    return in_float32(lambda x: _variance(x, dim, correction, keepdim), input)


def std(input: Tensor, dim: Dims = None, *, correction: float = 1, keepdim: bool = False) -> Tensor:
    """Standard deviation over dimensions: the root of `var`, whose gradient is 0 where it is 0."""
    _needs_float(input, "std")
    return in_float32(lambda x: square_root(_variance(x, dim, correction, keepdim)), input)


def _variance(input: Tensor, dim: Dims, correction: float, keepdim: bool) -> Tensor:
    axes = _axes("var", dim, input.ndim)
    if not axes:
        return (input - input) / (0.0 if correction >= 1 else 1.0)
    count = math.prod(shape_of(input)[axis] for axis in axes)
    input = for_reduction(input, axes)
    deviation = input - F.mean(input, axis=axes, keepdims=True)
    squares = F.sum(deviation * deviation, axis=axes, keepdims=keepdim)
    return squares / float(builtins.max(count - correction, 0))


def prod(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Product over one dimension or all."""
    input = _at_least_int32(input)
    if dim is None:
        input, axis, keepdim = F.reshape(input, (-1,)), 0, False
    else:
        axis = check_dim("prod", dim, input.ndim)
    if input.ndim == 0:
        return input
    if not is_floating(input):
        return F.prod(input, axis=axis, keepdims=keepdim)
    product = Product(axis)(input)
    return product if keepdim else F.squeeze(product, axis)


def amax(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Largest values over dimensions; equal ones share the gradient."""
    return _extremum(input, dim, keepdim, largest=True)


def amin(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Smallest values over dimensions; equal ones share the gradient."""
    return _extremum(input, dim, keepdim, largest=False)


def _extremum(input: Tensor, dim: Dims, keepdim: bool, *, largest: bool) -> Tensor:
    axes = _axes("amax" if largest else "amin", dim, input.ndim)
    _needs_elements(input, axes, "amax" if largest else "amin")
    if not axes:
        return input
    if input.dtype.kind == "b":
        return truth_of(_extremum(input.astype("int32"), dim, keepdim, largest=largest))
    if not is_floating(input):
        return (F.max if largest else F.min)(input, axis=axes, keepdims=keepdim)
    values = Extremum(axes, largest=largest)(input)
    return values if keepdim else drop_axes(values, axes)


def max(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | ValuesIndices:
    """Largest value, or the largest values along a dimension and their first positions."""
    return amax(input, None, keepdim) if dim is None else _located(input, dim, keepdim, F.argmax)


def min(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | ValuesIndices:
    """Smallest value, or the smallest values along a dimension and their first positions."""
    return amin(input, None, keepdim) if dim is None else _located(input, dim, keepdim, F.argmin)


def _located(input: Tensor, dim: int, keepdim: bool, locate: Any) -> ValuesIndices:
    axis = check_dim("max" if locate is F.argmax else "min", dim, input.ndim)
    if input.ndim == 0:
        return ValuesIndices(input, F.reshape(F.zeros_like(input), ()).astype("int32"))
    _needs_elements(input, (axis,), "max" if locate is F.argmax else "min")
    if input.dtype.kind == "b":
        values, indices = _located(input.astype("int32"), dim, keepdim, locate)
        return ValuesIndices(truth_of(values), indices)
    indices = locate(input, axis=axis, keepdims=True)
    # Taking the value at the position found sends the gradient there alone.
    values = take_one(input, indices, axis)
    if keepdim:
        return ValuesIndices(values, indices)
    return ValuesIndices(F.squeeze(values, axis), F.squeeze(indices, axis))


def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether any element is other than zero."""
    count = sum(truth_of(input), dim, keepdim)
    return as_scalar(count > 0, count)


def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether every element is other than zero."""
    count = sum(logical_not(input), dim, keepdim)
    return as_scalar(count == 0, count)


def cumsum(input: Tensor, dim: int) -> Tensor:
    """Running sum along a dimension."""
    input = _at_least_int32(input)
    axis = check_dim("cumsum", dim, input.ndim)
    if input.ndim == 0 or 0 in shape_of(input):
        return input
    return in_float32(lambda x: F.cumsum(x, axis), input)


def logsumexp(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Logarithm of the sum of exponentials, without overflow; of nothing but -inf it is -inf."""
    input = integral_as_float(input)
    axes = _axes("logsumexp", dim, input.ndim)
    if not axes:
        return input
    _needs_elements(input, axes, "logsumexp")
    input = for_reduction(input, axes)
    largest = F.max(input.detach(), axis=axes, keepdims=True)
    offset = F.where(isfinite(largest), largest, F.zeros_like(largest))
    result = F.log(F.sum(F.exp(input - offset), axis=axes, keepdims=True)) + offset
    return result if keepdim else drop_axes(result, axes)


def norm(input: Tensor, p: float = 2.0, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Vector norm of order `p` over dimensions; its gradient at the origin is 0."""
    _needs_float(input, "norm")
    if isinstance(p, str):
        if p != "fro":
            message = f"norm: p must be a number or 'fro', not {p!r}."
            raise InputError(message)
        p = 2.0
    return in_float32(lambda x: _norm(x, float(p), dim, keepdim), input)


def _norm(input: Tensor, p: float, dim: Dims, keepdim: bool) -> Tensor:
    if p == 2:
        return square_root(sum(input * input, dim, keepdim))
    if p == 0:
        return sum(truth_of(input).astype("float32"), dim, keepdim)
    magnitude = absolute(input)
    if p == 1:
        return sum(magnitude, dim, keepdim)
    if math.isinf(p):
        return (amax if p > 0 else amin)(magnitude, dim, keepdim)
    is_zero = magnitude == 0
    powers = F.where(is_zero, F.zeros_like(magnitude), F.pow(F.where(is_zero, magnitude + 1, magnitude), p))
    total = sum(powers if p > 0 else F.pow(magnitude, p), dim, keepdim)
    empty = total == 0
    return select(empty, total, F.pow(select(empty, total + 1.0, total), 1.0 / p))
