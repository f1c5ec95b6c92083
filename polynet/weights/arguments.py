"""Checks of what `load`, `save` and their like are given, before anything is touched."""

from __future__ import annotations

import os
from typing import Any

from polynet.errors import ConfigTypeError, FrameworkMismatchError, OptionError


def is_path(value: Any) -> bool:
    """Whether a value can be the path of a file: text, or an object that stands for a path."""
    return isinstance(value, str) or (isinstance(value, os.PathLike) and isinstance(os.fspath(value), str))


def check_path(path: Any, what: str = "path must be") -> None:
    """Refuse what is no path; `what` begins the message.

    Raises:
        ConfigTypeError: Neither text nor an object that stands for a path.

    Example:
        >>> check_path("resnet50.pth")
        >>> check_path(3)
        Traceback (most recent call last):
        ...
        polynet.errors.ConfigTypeError: path must be a str or pathlib.Path, not int 3.
    """
    if not is_path(path):
        message = f"{what} a str or pathlib.Path, not {_shown(path)}."
        raise ConfigTypeError(message)


def check_order(function: str, net: Any, other: Any) -> None:
    """Refuse a path in the network's place.

    Raises:
        FrameworkMismatchError: It is one; the message says whether the two arguments were swapped.
    """
    if not is_path(net):
        return
    swapped = "" if is_path(other) or other is None else " The two seem to be swapped."
    message = f"{function} takes the network first and the path second; {net!r:.80} is no network.{swapped}"
    raise FrameworkMismatchError(message)


def check_strict(strict: Any) -> None:
    """Refuse words in place of a truth value: "no" would count as true.

    Raises:
        OptionError: Neither true nor false.

    Example:
        >>> check_strict("no")
        Traceback (most recent call last):
        ...
        polynet.errors.OptionError: strict must be True or False, not 'no'.
    """
    check_truth("strict", strict)


def check_truth(name: str, value: Any) -> None:
    """Refuse words in place of a truth value: "no" would count as true.

    Raises:
        OptionError: Neither true nor false.
    """
    if not isinstance(value, bool):
        message = f"{name} must be True or False, not {value!r:.80}."
        raise OptionError(message)


def _shown(value: Any) -> str:
    """A value's type, and the value where it is plain; a network would fill pages."""
    if value is None:
        return "None"
    plain = isinstance(value, (bool, int, float, bytes, list, tuple))
    return f"{type(value).__name__} {value!r:.80}" if plain else f"a {type(value).__name__}"
