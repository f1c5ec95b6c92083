"""Thresholds that scores must exceed, and how figures are named by them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from polynet.errors import OptionError

Threshold = float | None


def check_thresholds(owner: str, value: Any) -> tuple[Threshold, ...]:
    """One threshold or several as a tuple.

    Raises:
        OptionError: One is neither a number nor `None`, or there are none.

    Example:
        >>> check_thresholds("Accuracy", 0.5), check_thresholds("Accuracy", [None, 0])
        ((0.5,), (None, 0))
    """
    given = value if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    thresholds = tuple(given)
    for threshold in thresholds:
        if threshold is not None and (isinstance(threshold, bool) or not isinstance(threshold, (int, float))):
            message = f"{owner}: a threshold is a number or None, not {threshold!r}."
            raise OptionError(message)
    if not thresholds:
        message = f"{owner}: thrs holds no threshold; None stands for no threshold."
        raise OptionError(message)
    return thresholds


def suffixes(thresholds: tuple[Threshold, ...]) -> tuple[str, ...]:
    """What is added to a figure's name for each threshold; nothing where there is one alone.

    Example:
        >>> suffixes((0.5,)), suffixes((None, 0.5))
        (('',), ('_no-thr', '_thr-0.50'))
    """
    if len(thresholds) == 1:
        return ("",)
    return tuple("_no-thr" if threshold is None else f"_thr-{threshold:.2f}" for threshold in thresholds)
