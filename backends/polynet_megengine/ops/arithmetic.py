"""Elementwise arithmetic with torch's values and subgradients on MegEngine tensors."""

from __future__ import annotations

from typing import Any

import megengine.functional as F
from megengine.core.tensor.array_method import _elwise

from polynet.errors import InputError
from polynet.types import Tensor
from polynet_megengine.ops._gradients import Power
from polynet_megengine.ops._indices import check_non_zero
from polynet_megengine.ops._tensors import (
    aligned,
    as_scalar,
    broadcast,
    broadcast_shape,
    integral_as_float,
    is_floating,
    is_tensor,
    python_number,
    scalar_like,
    select,
    shape_of,
)

exp = F.exp
expm1 = F.expm1
log = F.log
log1p = F.log1p
sqrt = F.sqrt
sin = F.sin
cos = F.cos
tan = F.tan
floor = F.floor
ceil = F.ceil
sign = F.sign


def abs(input: Tensor) -> Tensor:
    """Absolute values; the gradient at 0 is 0, where MegEngine's own is -1."""
    return input * F.sign(input) if is_floating(input) else F.abs(input)


def rsqrt(input: Tensor) -> Tensor:
    """`1 / sqrt(input)`."""
    return 1.0 / F.sqrt(input)


def pow(input: Tensor, exponent: Tensor | float) -> Tensor:
    """`input ** exponent`, with torch's gradients where the base is 0."""
    exponent = python_number(exponent)
    if is_tensor(exponent):
        return _power_of_tensors(input, exponent)
    if not is_tensor(input):
        return _power_of_tensors(scalar_like(python_number(input), exponent), exponent)
    if not is_floating(input):
        if isinstance(exponent, float):
            return pow(input.astype("float32"), exponent)
        return _integer_power(input, exponent)
    if exponent in (1, 2, 3):
        return (input * 1, input * input, input * input * input)[int(exponent) - 1]
    if exponent == 0.5:
        return F.sqrt(input)
    if exponent == 0:
        return as_scalar(F.ones_like(input), input)
    return F.pow(input, float(exponent))


def _power_of_tensors(base: Tensor, exponent: Tensor) -> Tensor:
    if not is_floating(base) and not is_floating(exponent):
        result = F.round(F.pow(base.astype("float32"), exponent.astype("float32")))
        return result.astype("int32")
    shape = broadcast_shape(shape_of(base), shape_of(exponent))
    base, exponent = integral_as_float(base), integral_as_float(exponent)
    if shape:
        base, exponent = broadcast(base, shape), broadcast(exponent, shape)
    return Power()(base, exponent)


def _integer_power(base: Tensor, exponent: int) -> Tensor:
    if exponent < 0:
        message = f"pow: integers cannot be raised to the negative power {exponent}; convert them to float32 first."
        raise InputError(message)
    result = as_scalar(F.ones_like(base), base)
    while exponent:
        if exponent & 1:
            result = result * base
        base, exponent = base * base, exponent >> 1
    return result


def atan2(input: Tensor, other: Tensor) -> Tensor:
    """Angle of the point `(other, input)` in radians."""
    return F.atan2(*aligned(input, other))


def erf(input: Tensor) -> Tensor:
    """Error function."""
    return _elwise(integral_as_float(input), mode="ERF")


def round(input: Tensor) -> Tensor:
    """Nearest integers, halves to the even one; MegEngine's own rounds them away from zero."""
    if not is_floating(input):
        return input
    nearest = F.round(input)
    is_half = F.abs(nearest - input) == 0.5
    is_odd = nearest - 2 * F.floor(nearest * 0.5) == 1
    return select(is_half & is_odd, nearest - F.sign(input), nearest)


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Limit values to `min … max`; a value at a bound passes no gradient on, as in torch since 2.14."""
    if min is None and max is None:
        message = "clamp needs min, max or both."
        raise InputError(message)
    # The first operand, the bound, gets the gradient of a tie.
    if min is not None:
        input = F.maximum(python_number(min), input)
    return input if max is None else F.minimum(python_number(max), input)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """Smaller of two values; a tie shares the gradient equally."""
    return _halved(F.minimum, input, python_number(other))


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """Larger of two values; a tie shares the gradient equally."""
    return _halved(F.maximum, input, python_number(other))


def _halved(function: Any, first: Tensor, second: Any) -> Tensor:
    """Both orders of the operands, halved: natively the first operand gets all of a tie's gradient."""
    first, second = aligned(first, second)
    one_way = function(first, second)
    if not is_floating(one_way):
        return one_way
    return one_way * 0.5 + function(second, first) * 0.5


def remainder(input: Tensor, other: Tensor | float) -> Tensor:
    """Remainder of the division rounded down, with the sign of the divisor; MegEngine's `%` is C's `fmod`.

    Raises:
        InputError: Integers are divided by zero.
    """
    input, other = aligned(input, python_number(other))
    if not is_floating(input) and (isinstance(other, int) or (is_tensor(other) and not is_floating(other))):
        if is_tensor(other):
            check_non_zero(other)
        elif other == 0:
            message = "remainder: integer division by zero is undefined."
            raise InputError(message)
        return F.mod(input, other)
    input = integral_as_float(input)
    number, divisor = input.detach(), other.detach() if is_tensor(other) else other
    truncated = F.mod(number, divisor)
    wrong_sign = (truncated != 0) & ((truncated < 0) != (truncated * 0 + divisor < 0))
    exact = select(wrong_sign, truncated + divisor, truncated)
    # The quotient is a whole number; its own rounding, and that of its product, must not show in the value.
    quotient = F.round((number - exact) / divisor)
    differentiable = input - quotient * other
    return differentiable + (exact - differentiable).detach()


def isnan(input: Tensor) -> Tensor:
    """Whether each element is not a number."""
    return as_scalar(F.isnan(input) if is_floating(input) else input != input, input)


def isinf(input: Tensor) -> Tensor:
    """Whether each element is infinite."""
    return as_scalar(F.isinf(input) if is_floating(input) else input != input, input)


def isfinite(input: Tensor) -> Tensor:
    """Whether each element is neither infinite nor not a number."""
    # `input - input == 0` would say the same, but MegEngine's compiler takes that for true.
    return as_scalar(F.abs(input) < float("inf") if is_floating(input) else input == input, input)


def truth_of(input: Tensor) -> Tensor:
    """Booleans: whether each element is other than zero."""
    return input if input.dtype.kind == "b" else as_scalar(input != 0, input)


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """Whether both are other than zero."""
    first, second = aligned(truth_of(input), truth_of(other))
    return as_scalar(first & second, input, other)


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """Whether one or both are other than zero."""
    first, second = aligned(truth_of(input), truth_of(other))
    return as_scalar(first | second, input, other)


def logical_not(input: Tensor) -> Tensor:
    """Whether each element is zero."""
    return as_scalar(F.logical_not(truth_of(input)), input)
