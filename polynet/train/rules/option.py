"""Options of optimisers: their defaults, and which values they may have."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from polynet.errors import OptionError


class Option:
    """One option of an optimiser.

    Args:
        default: Its value where none is given.
        convert: Gives the plain Python value of what was given, and raises `ValueError` where it cannot be used.
        allowed: What may be given, in words.
    """

    __slots__ = ("allowed", "convert", "default")

    def __init__(self, default: Any, convert: Callable[[Any], Any], allowed: str) -> None:
        self.default = default
        self.convert = convert
        self.allowed = allowed

    def checked(self, owner: str, name: str, value: Any) -> Any:
        """The plain Python value of what was given.

        Raises:
            OptionError: It cannot be used.
        """
        try:
            return self.convert(value)
        except (TypeError, ValueError, OverflowError) as error:
            message = f"Optimiser {owner!r}: {name} must be {self.allowed}, not {value!r}."
            raise OptionError(message) from error


def _number(value: Any) -> float:
    """A finite Python number of a Python or numpy number, or of an array or tensor with one; not of a truth value."""
    if isinstance(value, bool | str | bytes):
        raise TypeError
    result = value if type(value) in (int, float) else float(value)
    if not math.isfinite(result):
        raise ValueError
    return result


def _within(low: float, high: float, *, below: bool = False) -> Callable[[Any], float]:
    def convert(value: Any) -> float:
        result = _number(value)
        if not low <= result <= high or (below and result == high):
            raise ValueError
        return result

    return convert


def at_least_zero(default: float) -> Option:
    """A number of 0 or more.

    Example:
        >>> at_least_zero(0.1).checked("sgd", "lr", np.float64(0.5))
        0.5
    """
    return Option(default, _within(0.0, math.inf), "a finite number of 0 or more")


def at_least_zero_or_none(default: float | None) -> Option:
    """A number of 0 or more, or `None`."""
    convert = _within(0.0, math.inf)
    return Option(default, lambda value: None if value is None else convert(value), "a number of 0 or more, or None")


def any_number(default: float) -> Option:
    """A finite number."""
    return Option(default, _number, "a finite number")


def fraction(default: float, *, one: bool = False) -> Option:
    """A number from 0 to 1, itself allowed or not."""
    return Option(default, _within(0.0, 1.0, below=not one), f"a number from 0 {'to' if one else 'to below'} 1")


def flag(default: bool) -> Option:
    """`True` or `False`."""

    def convert(value: Any) -> bool:
        if isinstance(value, np.bool_) or (isinstance(value, numbers.Integral) and value in (0, 1)):
            return bool(value)
        raise ValueError

    return Option(default, convert, "True or False")


def pair_of_fractions(default: tuple[float, float]) -> Option:
    """Two numbers from 0 to below 1."""
    convert_one = _within(0.0, 1.0, below=True)

    def convert(value: Any) -> tuple[float, float]:
        if isinstance(value, str | Mapping):
            raise TypeError
        first, second = value
        return convert_one(first), convert_one(second)

    return Option(default, convert, "two numbers from 0 to below 1")
