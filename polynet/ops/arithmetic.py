"""Element-by-element arithmetic, comparison and logic; `+ - * / @` and comparisons are the tensors' own operators."""

from __future__ import annotations

from polynet.errors import OptionError
from polynet.ops.arguments import Scalar, namespace_of_all
from polynet.ops.dispatch import namespace_of
from polynet.ops.explain import explained
from polynet.types import Tensor


@explained
def abs(input: Tensor) -> Tensor:
    """Return the magnitude of each element; its gradient at 0 is 0.

    Example:
        >>> ops.abs(ops.tensor([-1.5, 2.0])).tolist()
        [1.5, 2.0]
    """
    return namespace_of(input).abs(input)


@explained
def exp(input: Tensor) -> Tensor:
    """Return e to the power of each element.

    Example:
        >>> ops.exp(ops.tensor([0.0])).tolist()
        [1.0]
    """
    return namespace_of(input).exp(input)


@explained
def expm1(input: Tensor) -> Tensor:
    """Return `exp(input) - 1`, accurate near 0.

    Example:
        >>> ops.expm1(ops.tensor([0.0])).tolist()
        [0.0]
    """
    return namespace_of(input).expm1(input)


@explained
def log(input: Tensor) -> Tensor:
    """Return the natural logarithm of each element.

    Example:
        >>> ops.log(ops.tensor([1.0])).tolist()
        [0.0]
    """
    return namespace_of(input).log(input)


@explained
def log1p(input: Tensor) -> Tensor:
    """Return `log(1 + input)`, accurate near 0.

    Example:
        >>> ops.log1p(ops.tensor([0.0])).tolist()
        [0.0]
    """
    return namespace_of(input).log1p(input)


@explained
def sqrt(input: Tensor) -> Tensor:
    """Return the square root of each element.

    Example:
        >>> ops.sqrt(ops.tensor([4.0])).tolist()
        [2.0]
    """
    return namespace_of(input).sqrt(input)


@explained
def rsqrt(input: Tensor) -> Tensor:
    """Return one over the square root of each element.

    Example:
        >>> ops.rsqrt(ops.tensor([4.0])).tolist()
        [0.5]
    """
    return namespace_of(input).rsqrt(input)


@explained
def pow(input: Tensor, exponent: Tensor | Scalar) -> Tensor:
    """Return each element to a power: a number, or a tensor that broadcasts against `input`.

    Example:
        >>> ops.pow(ops.tensor([2.0, 3.0]), 2).tolist()
        [4.0, 9.0]
    """
    return namespace_of_all(input, exponent).pow(input, exponent)


@explained
def sin(input: Tensor) -> Tensor:
    """Return the sine of each element, in radians.

    Example:
        >>> ops.sin(ops.tensor([0.0])).tolist()
        [0.0]
    """
    return namespace_of(input).sin(input)


@explained
def cos(input: Tensor) -> Tensor:
    """Return the cosine of each element, in radians.

    Example:
        >>> ops.cos(ops.tensor([0.0])).tolist()
        [1.0]
    """
    return namespace_of(input).cos(input)


@explained
def tan(input: Tensor) -> Tensor:
    """Return the tangent of each element, in radians.

    Example:
        >>> ops.tan(ops.tensor([0.0])).tolist()
        [0.0]
    """
    return namespace_of(input).tan(input)


@explained
def atan2(input: Tensor, other: Tensor) -> Tensor:
    """Return the angle in radians of the points `(x=other, y=input)`, in [-π, π].

    Example:
        >>> ops.atan2(ops.tensor([0.0]), ops.tensor([1.0])).tolist()
        [0.0]
    """
    return namespace_of_all(input, other).atan2(input, other)


@explained
def erf(input: Tensor) -> Tensor:
    """Return the Gauss error function of each element.

    Example:
        >>> ops.erf(ops.tensor([0.0])).tolist()
        [0.0]
    """
    return namespace_of(input).erf(input)


@explained
def floor(input: Tensor) -> Tensor:
    """Return the largest whole number not above each element; its gradient is 0.

    Example:
        >>> ops.floor(ops.tensor([-0.5, 1.5])).tolist()
        [-1.0, 1.0]
    """
    return namespace_of(input).floor(input)


@explained
def ceil(input: Tensor) -> Tensor:
    """Return the smallest whole number not below each element; its gradient is 0.

    Example:
        >>> ops.ceil(ops.tensor([0.5, 1.5])).tolist()
        [1.0, 2.0]
    """
    return namespace_of(input).ceil(input)


@explained
def round(input: Tensor) -> Tensor:
    """Return the nearest whole number, halves to the even one; its gradient is 0.

    Example:
        >>> ops.round(ops.tensor([0.5, 1.5, 2.6])).tolist()
        [0.0, 2.0, 3.0]
    """
    return namespace_of(input).round(input)


@explained
def sign(input: Tensor) -> Tensor:
    """Return -1, 0 or 1 with each element's sign; its gradient is 0.

    Example:
        >>> ops.sign(ops.tensor([-3.0, 0.0, 2.0])).tolist()
        [-1.0, 0.0, 1.0]
    """
    return namespace_of(input).sign(input)


@explained
def clamp(input: Tensor, min: Scalar | None = None, max: Scalar | None = None) -> Tensor:
    """Return each element moved into `[min, max]`; either bound may be absent. Gradients pass at the bounds.

    Raises:
        OptionError: Both bounds are absent.

    Example:
        >>> ops.clamp(ops.tensor([-1.0, 0.5, 2.0]), min=0.0, max=1.0).tolist()
        [0.0, 0.5, 1.0]
    """
    if min is None and max is None:
        raise OptionError("clamp needs min, max or both; it was given neither.")
    return namespace_of(input).clamp(input, min, max)


@explained
def minimum(input: Tensor, other: Tensor) -> Tensor:
    """Return the smaller of two tensors element by element; a tie shares the gradient equally.

    Example:
        >>> ops.minimum(ops.tensor([1.0, 4.0]), ops.tensor([2.0, 3.0])).tolist()
        [1.0, 3.0]
    """
    return namespace_of_all(input, other).minimum(input, other)


@explained
def maximum(input: Tensor, other: Tensor) -> Tensor:
    """Return the larger of two tensors element by element; a tie shares the gradient equally.

    Example:
        >>> ops.maximum(ops.tensor([1.0, 4.0]), ops.tensor([2.0, 3.0])).tolist()
        [2.0, 4.0]
    """
    return namespace_of_all(input, other).maximum(input, other)


@explained
def remainder(input: Tensor, other: Tensor | Scalar) -> Tensor:
    """Return what is left of dividing by `other`, with the divisor's sign, as Python's `%`.

    Dividing whole numbers by 0 is an error, or undefined on an accelerator; dividing floating ones gives NaN.

    Example:
        >>> ops.remainder(ops.tensor([-3.0, 3.5]), 2).tolist()
        [1.0, 1.5]
    """
    return namespace_of_all(input, other).remainder(input, other)


@explained
def isnan(input: Tensor) -> Tensor:
    """Return, as bool, which elements are not a number.

    Example:
        >>> ops.isnan(ops.tensor([1.0, float("nan")])).tolist()
        [False, True]
    """
    return namespace_of(input).isnan(input)


@explained
def isinf(input: Tensor) -> Tensor:
    """Return, as bool, which elements are infinite, of either sign.

    Example:
        >>> ops.isinf(ops.tensor([1.0, float("-inf")])).tolist()
        [False, True]
    """
    return namespace_of(input).isinf(input)


@explained
def isfinite(input: Tensor) -> Tensor:
    """Return, as bool, which elements are neither infinite nor NaN.

    Example:
        >>> ops.isfinite(ops.tensor([1.0, float("nan"), float("inf")])).tolist()
        [True, False, False]
    """
    return namespace_of(input).isfinite(input)


@explained
def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """Return, as bool, where both tensors are true (not 0).

    Example:
        >>> ops.logical_and(ops.tensor([True, True]), ops.tensor([True, False])).tolist()
        [True, False]
    """
    return namespace_of_all(input, other).logical_and(input, other)


@explained
def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """Return, as bool, where either tensor is true (not 0).

    Example:
        >>> ops.logical_or(ops.tensor([False, True]), ops.tensor([False, False])).tolist()
        [False, True]
    """
    return namespace_of_all(input, other).logical_or(input, other)


@explained
def logical_not(input: Tensor) -> Tensor:
    """Return, as bool, where a tensor is false (0).

    Example:
        >>> ops.logical_not(ops.tensor([0.0, 2.0])).tolist()
        [True, False]
    """
    return namespace_of(input).logical_not(input)
