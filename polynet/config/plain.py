"""Copies of config values that share no container with the original."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """A copy of a value in plain dicts, lists, tuples and sets.

    Classes, functions, tensors and any other leaf are the same objects afterwards: a config may hold a tensor, and
    copying that is never what building asks for.

    Example:
        >>> from polynet.config import Config
        >>> plain([Config(a=(1, {2}))])
        [{'a': (1, {2})}]
    """
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if type(value) is tuple:
        return tuple(plain(item) for item in value)
    if type(value) is set:
        return set(value)
    return value
