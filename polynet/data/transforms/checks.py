"""Checks of the transforms' options, made when a transform is constructed, in one voice."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from polynet.errors import OptionError, suggest


def is_number(value: Any) -> bool:
    """Whether a value is a real number that is not NaN; truth values are none.

    Example:
        >>> is_number(0.5), is_number(True), is_number("0.5")
        (True, False, False)
    """
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__") or np.ndim(value) > 0:
        return False
    return not math.isnan(float(value))


def is_pair(value: Any) -> bool:
    """Whether a value is a list or tuple of two.

    Example:
        >>> is_pair([1, 2]), is_pair("ab")
        (True, False)
    """
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and len(value) == 2


def choice_of(argument: str, value: Any, allowed: Iterable[str]) -> str:
    """Return a name if it is one of those allowed.

    Raises:
        OptionError: It is not.

    Example:
        >>> choice_of("mode", "rand", ("const", "rand"))
        'rand'
    """
    names = list(allowed)
    if isinstance(value, str) and value in names:
        return value
    message = f"{argument} is one of {', '.join(map(repr, names))}; not {value!r:.80}.{suggest(value, names)}"
    raise OptionError(message)


def whole_number(argument: str, value: Any, least: int = 0) -> int:
    """Return a whole number that is not below `least`.

    Raises:
        OptionError: It is below, or no whole number.

    Example:
        >>> whole_number("n_ops", 2)
        2
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least:
        message = f"{argument} is a whole number from {least}; not {value!r:.80}."
        raise OptionError(message)
    return number


def number_between(argument: str, value: Any, low: float, high: float = math.inf) -> float:
    """Return a number from `low` to `high`.

    Raises:
        OptionError: It lies outside, or is no number.

    Example:
        >>> number_between("prob", 1, 0.0, 1.0)
        1.0
    """
    if not is_number(value) or not low <= float(value) <= high:
        bounds = f"from {low:g}" + ("" if high == math.inf else f" to {high:g}")
        message = f"{argument} is a number {bounds}; not {value!r:.80}."
        raise OptionError(message)
    return float(value)


def probability(argument: str, value: Any) -> float:
    """Return a probability, from 0 to 1.

    Raises:
        OptionError: It is none.

    Example:
        >>> probability("prob", 0.5)
        0.5
    """
    return number_between(argument, value, 0.0, 1.0)


def range_between(
    argument: str, value: Any, low: float, high: float = math.inf, *, above: bool = False
) -> tuple[float, float]:
    """Return a pair `(least, greatest)` of numbers that lie from `low` to `high`.

    Args:
        argument: The option's name, for messages.
        value: A pair.
        low: What the lower number may not fall below.
        high: What the higher may not exceed.
        above: The lower number must also not equal `low`.

    Raises:
        OptionError: It is no pair of numbers, lies outside, or is reversed.

    Example:
        >>> range_between("scale", [0.08, 1], 0.0, 1.0)
        (0.08, 1.0)
    """
    if not is_pair(value) or not all(map(is_number, value)):
        message = f"{argument} is a pair (least, greatest) of numbers; not {value!r:.80}."
        raise OptionError(message)
    least, greatest = float(value[0]), float(value[1])
    if least > greatest:
        message = f"{argument} is a pair (least, greatest); {value!r:.80} has them the wrong way round."
        raise OptionError(message)
    if least < low or (above and least == low) or greatest > high or math.isinf(greatest):
        bounds = f"{'above' if above else 'from'} {low:g}" + ("" if high == math.inf else f" to {high:g}")
        message = f"{argument} is a pair of finite numbers {bounds}; not {value!r:.80}."
        raise OptionError(message)
    return least, greatest


def size_pair(argument: str, value: Any) -> tuple[int, int]:
    """Return a size as `(height, width)`; one number is both.

    Raises:
        OptionError: It is neither a whole number from 1 nor a pair of them.

    Example:
        >>> size_pair("size", 224), size_pair("size", (128, 256))
        ((224, 224), (128, 256))
    """
    sides = value if is_pair(value) else (value, value)
    try:
        return whole_number(argument, sides[0], 1), whole_number(argument, sides[1], 1)
    except OptionError as error:
        message = f"{argument} is a whole number of pixels from 1, or a pair (height, width); not {value!r:.80}."
        raise OptionError(message) from error


def colour(argument: str, value: Any) -> tuple[int, ...]:
    """Return a colour as whole numbers from 0 to 255: red, green, blue; one number is a grey.

    Numbers are rounded, so that the mean of a data set can be given as it is.

    Raises:
        OptionError: It is no number from 0 to 255, nor one or three of them.

    Example:
        >>> colour("fill", 128), colour("fill", (123.675, 116.28, 103.53))
        ((128, 128, 128), (124, 116, 104))
    """
    numbers = [value] * 3 if is_number(value) else value
    if isinstance(numbers, (list, tuple)) and len(numbers) == 1:
        numbers = [numbers[0]] * 3
    correct = isinstance(numbers, (list, tuple)) and len(numbers) == 3 and all(map(is_number, numbers))
    if not correct or not all(0 <= float(number) <= 255 for number in numbers):
        message = f"{argument} is a number from 0 to 255, or three for red, green and blue; not {value!r:.80}."
        raise OptionError(message)
    return tuple(round(float(number)) for number in numbers)
