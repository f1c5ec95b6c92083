"""Checks of layers' options, in one voice for every framework.

Every layer of every network is checked when it is made, so each check begins with the test that the usual value passes.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from polynet.errors import OptionError, suggest


def integer(owner: str, name: str, value: Any, *, lowest: int = 0) -> int:
    """An integer of at least `lowest`.

    Raises:
        OptionError: It is none, or smaller.

    Example:
        >>> integer("Conv2d", "groups", 0, lowest=1)
        Traceback (most recent call last):
        polynet.errors.OptionError: Conv2d: groups=0 must be at least 1.
    """
    if type(value) is int and value >= lowest:
        return value
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        message = f"{owner}: {name} must be an integer, not {value!r}."
        raise OptionError(message) from None
    if number < lowest:
        message = f"{owner}: {name}={number} must be at least {lowest}."
        raise OptionError(message)
    return number


def sizes(owner: str, name: str, value: Any, count: int, *, lowest: int = 0, repeated: bool = True) -> tuple[int, ...]:
    """One integer per spatial dimension, from one for all or one each.

    Args:
        owner: The layer's name, for the message.
        name: The option's.
        value: What was given.
        count: The number of spatial dimensions.
        lowest: The least each may be.
        repeated: Whether a sequence of one stands for all, as a plain number does.

    Raises:
        OptionError: Wrong count, type or range.
    """
    if type(value) is int and value >= lowest:
        return (value,) * count
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) == 1 and repeated:
            value = list(value) * count
        if len(value) != count:
            several = f"one integer or {count} of them" if count > 1 else "one integer"
            message = f"{owner}: {name}={tuple(value)} must be {several}."
            raise OptionError(message)
        return tuple([integer(owner, name, each, lowest=lowest) for each in value])
    return (integer(owner, name, value, lowest=lowest),) * count


def choice(owner: str, name: str, value: Any, allowed: Sequence[str]) -> str:
    """One of several words.

    Raises:
        OptionError: It is none of them; the nearest is offered.

    Example:
        >>> choice("GELU", "approximate", "tan", ("none", "tanh"))
        Traceback (most recent call last):
        polynet.errors.OptionError: GELU: approximate='tan' must be one of 'none', 'tanh'. Did you mean 'tanh'?
    """
    if isinstance(value, str) and value in allowed:
        return value
    listed = ", ".join(repr(each) for each in allowed)
    wanted = f"one of {listed}" if len(allowed) > 1 else listed
    message = f"{owner}: {name}={value!r} must be {wanted}.{suggest(value, allowed)}"
    raise OptionError(message)


def number(
    owner: str,
    name: str,
    value: Any,
    *,
    lowest: float = -math.inf,
    highest: float = math.inf,
    above: float | None = None,
) -> float:
    """A finite number within bounds.

    Args:
        owner: The layer's name, for the message.
        name: The option's.
        value: What was given.
        lowest: The least it may be.
        highest: The most it may be.
        above: What it must be greater than.

    Raises:
        OptionError: It is none, or lies outside.

    Example:
        >>> number("Dropout", "p", 1.5, lowest=0, highest=1)
        Traceback (most recent call last):
        polynet.errors.OptionError: Dropout: p=1.5 must be a number from 0 to 1.
    """
    kind = type(value)
    is_number = kind is float or kind is int or _is_number(value)
    if is_number and lowest <= value <= highest and math.isfinite(value) and (above is None or value > above):
        return float(value)
    if above is not None:
        wanted = f"a number above {above:g}{f' and at most {highest:g}' if math.isfinite(highest) else ''}"
    elif math.isfinite(lowest) and math.isfinite(highest):
        wanted = f"a number from {lowest:g} to {highest:g}"
    else:
        wanted = f"a number of at least {lowest:g}" if math.isfinite(lowest) else "a finite number"
    message = f"{owner}: {name}={value!r} must be {wanted}."
    raise OptionError(message)


def _is_number(value: Any) -> bool:
    """Whether it is a number of numpy's or another kind; words and booleans are none, and tensors neither."""
    return not isinstance(value, bool | str) and getattr(value, "ndim", 0) == 0 and hasattr(type(value), "__float__")


def fraction(owner: str, name: str, value: Any) -> float:
    """A number from 0 to 1.

    Raises:
        OptionError: It is none.
    """
    return number(owner, name, value, lowest=0, highest=1)


def flags(owner: str, **given: Any) -> None:
    """Refuse what is no yes or no: a word such as `"False"` would count as yes.

    Raises:
        OptionError: One of them is neither a boolean nor 0 or 1.
    """
    for name, value in given.items():
        if type(value) is not bool and (isinstance(value, str) or not _is_number(value) or value not in (0, 1)):
            boolean = getattr(value, "dtype", None) is not None and getattr(value.dtype, "kind", "") == "b"
            if not boolean:
                message = f"{owner}: {name}={value!r} must be True or False."
                raise OptionError(message)


def divides(owner: str, name: str, part: int, whole_name: str, whole: int) -> None:
    """Refuse a number that does not divide another.

    Raises:
        OptionError: It does not.
    """
    if part < 1 or whole % part:
        message = f"{owner}: {whole_name}={whole} must be divisible by {name}={part}."
        raise OptionError(message)
