"""How one config is laid over another: BaseCls's rules, and MMEngine's `_delete_`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.errors import ConfigKeyError, ConfigTypeError, suggest

DELETE = "_delete_"


def merged(base: Mapping[Any, Any], update: Mapping[Any, Any], *, strict: bool = False) -> dict[Any, Any]:
    """Lay one mapping over another; neither is changed.

    Where both hold a mapping under a key, those are merged in turn. Everything else is replaced whole: lists and tuples
    too, and a mapping by None. A mapping with `_delete_: True` replaces what it lies over instead of being merged.

    Args:
        base: What lies below.
        update: What lies above.
        strict: Refuse keys that `base` does not have.

    Returns:
        A new dict, which shares with `base` what it did not change.

    Raises:
        ConfigKeyError: `strict` is set and a key is new.
        ConfigTypeError: `_delete_` is neither true nor false.

    Example:
        >>> merged({"head": {"name": "ClsHead", "width": 0}, "depths": [2, 2]}, {"head": {"width": 64}, "depths": [3]})
        {'head': {'name': 'ClsHead', 'width': 64}, 'depths': [3]}
        >>> merged({"head": {"name": "ClsHead"}}, {"head": {"_delete_": True, "width": 64}})
        {'head': {'width': 64}}
    """
    return _merged(base, update, strict, ())


def _merged(base: Mapping[Any, Any], update: Mapping[Any, Any], strict: bool, path: tuple[str, ...]) -> dict[Any, Any]:
    replaces = _replaces(update, path)
    result = {} if replaces else dict(base)
    strict = strict and not replaces
    for key, value in update.items():
        if key == DELETE:
            continue
        if strict and key not in base:
            message = f"There is no key {'.'.join((*path, str(key)))!r} to replace.{suggest(key, base)}"
            raise ConfigKeyError(message)
        if isinstance(value, Mapping):
            below = result.get(key)
            if isinstance(below, Mapping):
                value = _merged(below, value, strict, (*path, str(key)))
            else:
                value = _merged({}, value, False, (*path, str(key)))
        result[key] = value
    return result


def _replaces(update: Mapping[Any, Any], path: tuple[str, ...]) -> bool:
    """Whether a mapping asks to replace what it lies over."""
    asked = update.get(DELETE, False)
    if isinstance(asked, bool):
        return asked
    message = f"{'.'.join((*path, DELETE))} must be true or false, not {asked!r}."
    raise ConfigTypeError(message)
