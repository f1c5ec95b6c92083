"""Operators `//` and `%` that refuse to divide whole numbers by zero.

MegEngine ends the whole process there, by a signal that Python cannot catch. Code that is written once for all
frameworks divides with operators, so the operators look at the divisor first. Only whole numbers are looked at:
dividing floating ones gives infinities and NaN, and costs what it did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from megengine.core.tensor.array_method import ArrayMethodMixin

from polynet.errors import InputError
from polynet.types import Tensor
from polynet_megengine.ops._tensors import values_are_readable

Operator = Callable[[Tensor, Any], Any]

_IN_PLACE = {"floordiv": "ifloordiv", "mod": "imod"}


def refuse_zero_divisors() -> None:
    """Have `//`, `%` and their reflected and in-place forms checked; a second call changes nothing more."""
    for name, in_place in _IN_PLACE.items():
        for each in (name, in_place):
            _replace(f"__{each}__", lambda tensor, other: (tensor, other))
        _replace(f"__r{name}__", lambda tensor, other: (other, tensor))


def _replace(method: str, in_order: Callable[[Tensor, Any], tuple[Any, Any]]) -> None:
    native: Operator = getattr(ArrayMethodMixin, method)
    if getattr(native, "refuses_zero", False):
        return

    def checked(tensor: Tensor, other: Any) -> Any:
        dividend, divisor = in_order(tensor, other)
        if _is_whole(divisor) and _is_whole(dividend) and values_are_readable():
            _refuse_zero(divisor)
        return native(tensor, other)

    checked.refuses_zero = True  # type: ignore[attr-defined]  # a mark for the second call
    checked.__name__ = method
    setattr(ArrayMethodMixin, method, checked)


def _is_whole(value: Any) -> bool:
    if isinstance(value, int):
        return True
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    return (kind if kind is not None else np.asarray(value).dtype.kind) in "iub"


def _refuse_zero(divisor: Any) -> None:
    values = np.asarray(divisor.numpy() if hasattr(divisor, "numpy") else divisor)
    if not values.all():
        message = f"The divisor holds a zero, in shape {values.shape}: whole numbers cannot be divided by zero."
        raise InputError(message)
