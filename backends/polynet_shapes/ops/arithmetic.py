"""Element-by-element arithmetic, comparison and logic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet.errors import OptionError
from polynet_shapes import dtypes
from polynet_shapes.tensor import ShapeTensor, elementwise

__all__ = [
    "abs",
    "atan2",
    "ceil",
    "clamp",
    "cos",
    "erf",
    "exp",
    "expm1",
    "floor",
    "isfinite",
    "isinf",
    "isnan",
    "log",
    "log1p",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "minimum",
    "pow",
    "remainder",
    "round",
    "rsqrt",
    "sign",
    "sin",
    "sqrt",
    "tan",
]


def _unary(name: str, result: Callable[[str], str] | str | None = None) -> Callable[[ShapeTensor], ShapeTensor]:
    def operation(input: ShapeTensor) -> ShapeTensor:
        return elementwise(name, input, result=result)

    operation.__name__ = operation.__qualname__ = name
    return operation


def _binary(name: str, result: Callable[[str], str] | str | None = None) -> Callable[[ShapeTensor, Any], ShapeTensor]:
    def operation(input: ShapeTensor, other: Any) -> ShapeTensor:
        return elementwise(name, input, other, result=result)

    operation.__name__ = operation.__qualname__ = name
    return operation


abs = _unary("abs")
ceil = _unary("ceil")
cos = _unary("cos", dtypes.floating)
erf = _unary("erf", dtypes.floating)
exp = _unary("exp", dtypes.floating)
expm1 = _unary("expm1", dtypes.floating)
floor = _unary("floor")
isfinite = _unary("isfinite", "bool")
isinf = _unary("isinf", "bool")
isnan = _unary("isnan", "bool")
log = _unary("log", dtypes.floating)
log1p = _unary("log1p", dtypes.floating)
logical_not = _unary("logical_not", "bool")
round = _unary("round")
rsqrt = _unary("rsqrt", dtypes.floating)
sign = _unary("sign")
sin = _unary("sin", dtypes.floating)
sqrt = _unary("sqrt", dtypes.floating)
tan = _unary("tan", dtypes.floating)

atan2 = _binary("atan2", dtypes.floating)
logical_and = _binary("logical_and", "bool")
logical_or = _binary("logical_or", "bool")
maximum = _binary("maximum")
minimum = _binary("minimum")
remainder = _binary("remainder")


def pow(input: ShapeTensor, exponent: ShapeTensor | float) -> ShapeTensor:
    """Both broadcast and promoted."""
    return elementwise("pow", input, exponent)


def clamp(input: ShapeTensor, min: float | None = None, max: float | None = None) -> ShapeTensor:
    """The same shape, promoted with the bounds."""
    bounds = [bound for bound in (min, max) if bound is not None]
    if not bounds:
        message = "clamp needs min, max, or both."
        raise OptionError(message)
    return elementwise("clamp", input, *bounds)
