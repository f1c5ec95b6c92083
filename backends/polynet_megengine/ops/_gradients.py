"""Functions whose gradient MegEngine has wrong where values tie or are zero, with torch's gradient."""

from __future__ import annotations

from typing import Any

import megengine.functional as F
from megengine.autodiff import Function

from polynet.types import Tensor
from polynet_megengine.ops._tensors import select


class Extremum(Function):
    """Largest or smallest values over some axes; equal ones share the gradient, each of them gets all natively."""

    def __init__(self, axes: tuple[int, ...], *, largest: bool) -> None:
        super().__init__()
        self._axes = axes
        self._reduce = F.max if largest else F.min
        self._saved: Any = None

    def forward(self, x: Tensor) -> Tensor:
        """Reduce, keeping the axes."""
        values = self._reduce(x, axis=self._axes, keepdims=True)
        self._saved = (x, values)
        return values

    def backward(self, gradient: Tensor) -> Tensor:
        """Divide the gradient among the positions that hold the extremum."""
        x, values = self._saved
        chosen = (x == values).astype(x.dtype)
        return chosen * (gradient / F.sum(chosen, axis=self._axes, keepdims=True))


class Product(Function):
    """Product along an axis; natively the gradient is not a number where an element is zero."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self._axis = axis
        self._saved: Any = None

    def forward(self, x: Tensor) -> Tensor:
        """Multiply, keeping the axis."""
        product = F.prod(x, axis=self._axis, keepdims=True)
        self._saved = (x, product)
        return product

    def backward(self, gradient: Tensor) -> Tensor:
        """Give each element the product of the others: zero for all but the only zero, if there is one."""
        x, product = self._saved
        is_zero = (x == 0).astype(x.dtype)
        filled = x + is_zero
        zeros = F.sum(is_zero, axis=self._axis, keepdims=True)
        without_zeros = F.prod(filled, axis=self._axis, keepdims=True)
        of_only_zero = is_zero * (zeros == 1).astype(x.dtype) * without_zeros
        return gradient * (of_only_zero + (1 - is_zero) * (product / filled))


class Power(Function):
    """`base ** exponent`, of one shape; natively the gradients are not numbers where the base is zero."""

    def __init__(self) -> None:
        super().__init__()
        self._saved: Any = None

    def forward(self, base: Tensor, exponent: Tensor) -> Tensor:
        """Raise to the power."""
        result = F.pow(base, exponent)
        self._saved = (base, exponent, result)
        return result

    def backward(self, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Take the limits that torch takes: no gradient to the base for exponent 0, none to the exponent at base 0."""
        base, exponent, result = self._saved
        zero = F.zeros_like(base)
        to_base = F.where(exponent == 0, zero, gradient * exponent * F.pow(base, exponent - 1))
        at_zero = (base == 0) & (exponent >= 0)
        logarithm = F.log(F.where(at_zero, zero + 1, base))
        return to_base, F.where(at_zero, zero, gradient * result * logarithm)


def square_root(x: Tensor) -> Tensor:
    """Square root whose gradient is that of `x` itself, not infinite, at zero: there `x` is a sum of squares."""
    is_zero = x == 0
    return select(is_zero, x, F.sqrt(select(is_zero, x + 1.0, x)))
