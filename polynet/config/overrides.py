"""Dotted overrides, as they are given on a command line: `model.head.width=0`."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from polynet.config.limits import MAX_DEPTH
from polynet.config.merging import merged
from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError, suggest

_WORDS = {"true": True, "false": False, "null": None}


def parse_value(text: str) -> Any:
    """Read a value as Python would, or as a string where that fails.

    Args:
        text: A Python literal; `true`, `false` or `null`; or anything else, which stays a string.

    Returns:
        The value.

    Example:
        >>> [parse_value(text) for text in ("0", "1e-3", "(3, 4)", "true", "null", "resnet18")]
        [0, 0.001, (3, 4), True, None, 'resnet18']
    """
    word = text.strip()
    if word in _WORDS:
        return _WORDS[word]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of `'\\d'`, and of `1is`: they are read as text
            value = ast.literal_eval(word)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
    return text if value is Ellipsis else value


def parse_overrides(overrides: Iterable[str]) -> list[tuple[str, Any]]:
    """Read `["a.b=1", …]`, or BaseCls's `["a.b", "1", …]`, into pairs of dotted key and value.

    Raises:
        ConfigTypeError: Not a list of strings.
        ConfigError: Pairs are incomplete, or an assignment lacks its key or its `=`.

    Example:
        >>> parse_overrides(["model.head.width=0"]) == parse_overrides(["model.head.width", "0"])
        True
    """
    if isinstance(overrides, (str, bytes, Mapping)) or not isinstance(overrides, Iterable):
        message = f"Overrides are a list such as ['model.head.width=0'], not {overrides!r}."
        raise ConfigTypeError(message)
    items = list(overrides)
    if items and isinstance(items[0], str) and "=" not in items[0]:
        return _parse_pairs(items)
    return [parse_assignment(item) for item in items]


def _parse_pairs(items: list[Any]) -> list[tuple[str, Any]]:
    if len(items) % 2:
        message = f"Overrides come in pairs of key and value; {items[-1]!r} has no partner."
        raise ConfigError(message)
    keys, values = items[::2], items[1::2]
    for key in keys:
        if not isinstance(key, str):
            message = f"The key of an override must be a string such as 'model.head.width', not {key!r}."
            raise ConfigTypeError(message)
    return [
        (key, parse_value(value) if isinstance(value, str) else value) for key, value in zip(keys, values, strict=True)
    ]


def parse_assignment(text: Any) -> tuple[str, Any]:
    """Read `a.b=1` into a dotted key and a value.

    Raises:
        ConfigTypeError: Not a string.
        ConfigError: No key, or no `=`.
    """
    if not isinstance(text, str):
        message = f"An override must be a string such as 'model.head.width=0', not {text!r}."
        raise ConfigTypeError(message)
    key, separator, value = text.partition("=")
    if not separator or not key.strip():
        message = f"An override must read key=value, such as 'model.head.width=0', not {text!r}."
        raise ConfigError(message)
    return key.strip(), parse_value(value)


def refuse_paths(config: Mapping[Any, Any], values: Mapping[Any, Any]) -> None:
    """Refuse keys that are paths into a config where keys are taken as they are.

    A dotted key may be meant as it is (module names in a trainer's rules are), so only one which is not there and whose
    first part is there and holds others, is taken for a path.

    Raises:
        ConfigKeyError: There is such a key; the message says how to write it.

    Example:
        >>> try:
        ...     refuse_paths({"model": {"name": "resnet18"}}, {"model.name": "vgg11"})
        ... except ConfigKeyError as error:
        ...     print(str(error)[:65])
        The key 'model.name' is a path; merge takes keys as they are. Giv
    """
    for key in values:
        if not isinstance(key, str) or "." not in key or key in config:
            continue
        first, *rest = key.split(".")
        if rest[-1] and isinstance(config.get(first), (Mapping, list, tuple)):
            nested = "{" + f"{first!r}: " + "".join("{" + f"{part!r}: " for part in rest) + "…" + "}" * (len(rest) + 1)
            message = (
                f"The key {key!r} is a path; merge takes keys as they are. Give it nested, {nested}, or as "
                f'an override: override("{key}=…").'
            )
            raise ConfigKeyError(message)


def with_override(config: Mapping[Any, Any], dotted: str, value: Any, *, strict: bool = False) -> dict[Any, Any]:
    """Replace one value, found by its dotted key; the config itself is not changed.

    Missing mappings are created, and what is no container is replaced by one, as BaseCls does. A number is an index
    where a list lies.

    Args:
        config: What to replace it in.
        dotted: `"model.head.width"`, `"data.0.name"`.
        value: Replaces the old one, or is merged into it where both are mappings.
        strict: Refuse a key that is not there.

    Raises:
        ConfigError: An empty key, or too many segments.
        ConfigKeyError: No such index in a list; or no such key, where `strict` is set.

    Example:
        >>> with_override({"data": [{"x": 1}, {"x": 2}]}, "data.1.x", 5)
        {'data': [{'x': 1}, {'x': 5}]}
    """
    segments = dotted.split(".")
    if not all(segments):
        message = f"The dotted key {dotted!r} has an empty part."
        raise ConfigError(message)
    if len(segments) > MAX_DEPTH:
        message = f"A dotted key may have {MAX_DEPTH} parts, not {len(segments)}."
        raise ConfigError(message)
    result: dict[Any, Any] = _replaced(config, segments, 0, value, strict)
    return result


def _replaced(container: Any, segments: list[str], at: int, value: Any, strict: bool) -> Any:
    """The container with the value put in, rebuilt along the way there."""
    if at == len(segments):
        both = isinstance(container, Mapping) and isinstance(value, Mapping)
        if isinstance(value, Mapping):
            return merged(container if both else {}, value, strict=strict and both)
        return value
    segment = segments[at]
    if isinstance(container, (list, tuple)):
        return _replaced_item(container, segments, at, value, strict)
    here = dict(container) if isinstance(container, Mapping) else {}
    key: Any = segment
    if segment not in here and segment.isascii() and segment.lstrip("-").isdigit() and _number(segment) in here:
        key = _number(segment)
    if strict and key not in here:
        message = f"There is no key {'.'.join(segments[: at + 1])!r} to replace.{suggest(segment, here)}"
        raise ConfigKeyError(message)
    here[key] = _replaced(here.get(key), segments, at + 1, value, strict)
    return here


def _replaced_item(container: Any, segments: list[str], at: int, value: Any, strict: bool) -> Any:
    index = _number(segments[at])
    if index is None or not -len(container) <= index < len(container):
        place = ".".join(segments[:at])
        message = f"{place!r} is a list of {len(container)}; {segments[at]!r} is no index of it."
        raise ConfigKeyError(message)
    items = list(container)
    items[index] = _replaced(items[index], segments, at + 1, value, strict)
    return tuple(items) if isinstance(container, tuple) else items


def _number(segment: str) -> int | None:
    """The integer a segment spells, if it is a short one."""
    digits = segment.removeprefix("-")
    return int(segment) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
