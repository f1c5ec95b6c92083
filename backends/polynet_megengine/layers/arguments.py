"""Checks of layers' arguments: what MegEngine would accept and later die of is refused at construction."""

from __future__ import annotations

from collections.abc import Sequence

from polynet.errors import OptionError, suggest

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def integer(owner: str, name: str, value: object, *, lowest: int = 0) -> int:
    """An integer of at least `lowest`.

    Raises:
        OptionError: It is none, or smaller.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = value.__index__()  # type: ignore[attr-defined]  # the except clause is for those without
    except (AttributeError, TypeError):
        message = f"{owner}: {name} must be an integer, not {value!r}."
        raise OptionError(message) from None
    if number < lowest:
        message = f"{owner}: {name}={number} must be at least {lowest}."
        raise OptionError(message)
    return int(number)


def sizes(owner: str, name: str, value: object, count: int, *, lowest: int = 0) -> tuple[int, ...]:
    """One integer per spatial dimension, from one for all or one each.

    Raises:
        OptionError: Wrong count, type or range.
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) == 1:
            value = list(value) * count
        if len(value) != count:
            message = f"{owner}: {name}={tuple(value)} must be one integer or {count} of them."
            raise OptionError(message)
        return tuple(integer(owner, name, each, lowest=lowest) for each in value)
    return (integer(owner, name, value, lowest=lowest),) * count


def choice(owner: str, name: str, value: object, allowed: Sequence[str]) -> str:
    """One of several words.

    Raises:
        OptionError: It is none of them; the nearest is offered.
    """
    if not isinstance(value, str) or value not in allowed:
        listed = ", ".join(repr(each) for each in allowed)
        message = f"{owner}: {name}={value!r} must be one of {listed}.{suggest(value, allowed)}"
        raise OptionError(message)
    return value


def fraction(owner: str, name: str, value: object) -> float:
    """A probability.

    Raises:
        OptionError: It is no number from 0 to 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        message = f"{owner}: {name}={value!r} must be a number from 0 to 1."
        raise OptionError(message)
    return float(value)


def divides(owner: str, name: str, part: int, whole_name: str, whole: int) -> None:
    """Refuse a number that does not divide another.

    Raises:
        OptionError: It does not.
    """
    if part < 1 or whole % part:
        message = f"{owner}: {whole_name}={whole} must be divisible by {name}={part}."
        raise OptionError(message)
