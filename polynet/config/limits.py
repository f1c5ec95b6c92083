"""Bounds on what a config may be, so that none can hang the process or exhaust its memory or its stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from polynet.errors import ConfigError, ConfigTypeError

MAX_BYTES = 1 << 19
"""The largest config file read: 512 KiB. Some parsers' time grows with the square of it."""

MAX_DEPTH = 100
"""The deepest nesting of mappings and lists."""

MAX_VALUES = 1_000_000
"""The most values in a config, each counted as often as it is referred to."""


def check_structure(value: Any) -> None:
    """Refuse a value that contains itself, nests too deep, holds too much, or has keys no config can have.

    Takes time in proportion to the objects that exist, not to what they expand to: twenty lists, each holding the one
    before it ten times, are twenty objects and 10**20 values.

    Args:
        value: Mappings, lists, tuples and sets, nested; anything else is a leaf.

    Raises:
        ConfigError: It contains itself, is nested deeper than `MAX_DEPTH`, or expands to more than `MAX_VALUES` values.
        ConfigTypeError: A key is neither a string nor an integer.

    Example:
        >>> loop = {}
        >>> loop["again"] = {"loop": loop}
        >>> check_structure(loop)
        Traceback (most recent call last):
        ...
        polynet.errors.ConfigError: The config contains itself at 'again.loop'.
    """
    count_values(value)


def count_values(value: Any) -> int:
    """The number of values that a value expands to, itself included; refuses what `check_structure` refuses.

    Example:
        >>> count_values({"depths": [2, 2]})
        4
    """
    return _count(value, [], set(), {})


def _count(value: Any, path: list[str], open_ids: set[int], counted: dict[int, int]) -> int:
    """Number of values that a value expands to."""
    children = _children(value, path)
    if children is None:
        return 1
    here = id(value)
    if here in open_ids:
        message = f"The config contains itself at {'.'.join(path)!r}."
        raise ConfigError(message)
    if here in counted:
        return counted[here]
    if len(path) > MAX_DEPTH:
        message = f"The config is nested deeper than {MAX_DEPTH} levels, at {'.'.join(path[:4])!r} and below."
        raise ConfigError(message)
    open_ids.add(here)
    total = 1
    for key, child in children:
        path.append(key)
        total += _count(child, path, open_ids, counted)
        path.pop()
        if total > MAX_VALUES:
            message = f"The config holds more than {MAX_VALUES} values, at {'.'.join(path)!r} and below."
            raise ConfigError(message)
    open_ids.discard(here)
    counted[here] = total
    return total


def _children(value: Any, path: list[str]) -> Iterable[tuple[str, Any]] | None:
    """Keys, as text, and values of a container; None for a leaf."""
    if isinstance(value, Mapping):
        for key in value:
            check_key(key, path)
        return [(str(key), child) for key, child in value.items()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return ((str(number), child) for number, child in enumerate(value))
    return None


def check_key(key: Any, path: Iterable[str] = ()) -> None:
    """Refuse a key that is neither a string nor an integer.

    Raises:
        ConfigTypeError: It is neither.
    """
    if not isinstance(key, (str, int)):
        place = ".".join(path)
        message = f"A config's keys are strings (or integers), not {key!r}{f', at {place!r}' if place else ''}."
        raise ConfigTypeError(message)
