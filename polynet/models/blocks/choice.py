"""Choosing a part by name or by giving it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polynet.errors import OptionError, UnknownNameError, suggest


def choose(what: str, name: str | Callable[..., Any], known: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    """The part that a name stands for; a class or function stands for itself.

    Args:
        what: What is being chosen, for the message: `"activation"`.
        name: A key of `known`, or the part itself.
        known: The parts by name.

    Raises:
        UnknownNameError: There is no part of that name.
        OptionError: Neither a name nor something that can be called.

    Example:
        >>> choose("shape", "list", {"list": list})
        <class 'list'>
    """
    if callable(name):
        return name
    if not isinstance(name, str):
        message = f"{what}: a name or a class is needed, not {name!r}. Names: {', '.join(known)}."
        raise OptionError(message)
    if name not in known:
        message = f"There is no {what} {name!r}; there are {', '.join(known)}.{suggest(name, known)}"
        raise UnknownNameError(message)
    return known[name]
