"""Listing names: wildcards, natural order, and where a name's definition lies."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from typing import Any

from polynet.errors import OptionError

_DEFINITION = re.compile(r"^(?:[ \t]*(?:class|(?:async )?def)[ \t]+(\w+)|(\w+) = )", re.MULTILINE)


def matching(names: Iterable[str], pattern: str | Iterable[str], exclude: str | Iterable[str] = ()) -> list[str]:
    """The names that fit any of the wildcards and none of the excluded ones.

    Raises:
        OptionError: A wildcard is not a string.
    """
    import fnmatch

    wanted, unwanted = _wildcards(pattern), _wildcards(exclude)
    return [
        name
        for name in names
        if any(fnmatch.fnmatchcase(name, one) for one in wanted)
        and not any(fnmatch.fnmatchcase(name, one) for one in unwanted)
    ]


def _wildcards(pattern: Any) -> tuple[str, ...]:
    several = isinstance(pattern, Iterable) and not isinstance(pattern, str)
    wildcards = tuple(pattern) if several else (pattern,)
    for one in wildcards:
        if not isinstance(one, str):
            message = f"A pattern must be a string such as 'resnet*', not {one!r}."
            raise OptionError(message)
    return wildcards


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """A sort key that puts resnet18 before resnet101.

    Example:
        >>> sorted(["resnet101", "resnet18", "alexnet"], key=natural_order)
        ['alexnet', 'resnet18', 'resnet101']
    """
    parts = re.split(r"([0-9]+)", name)
    return [(0, int(part), "") if part[:1].isdigit() and part.isascii() else (1, 0, part) for part in parts if part]


def location(target: Any) -> str:
    """Where a class or function is defined, as `path:line`.

    Args:
        target: The object, or `"module:Name"` for one that is not imported and shall not be.

    Returns:
        `path:line`; the path alone where the line is unknown; `module:Name` where the file is unknown.
    """
    described = target if isinstance(target, str) else f"{target.__module__}:{getattr(target, '__qualname__', '')}"
    module, _, name = described.partition(":")
    path = _source_path(module)
    if path is None:
        return described
    code = getattr(target, "__code__", None)
    line = code.co_firstlineno if code is not None else _line_of_definition(path, name.rpartition(".")[2])
    return path if line is None else f"{path}:{line}"


@functools.cache
def _source_path(module: str) -> str | None:
    """The source file of a module; neither it nor its parent packages are imported for it."""
    loaded = sys.modules.get(module)
    if loaded is not None:
        return getattr(loaded, "__file__", None)
    places: Any = None
    found = None
    path = ""
    for part in module.split("."):
        path = f"{path}.{part}" if path else part
        try:
            found = PathFinder.find_spec(path, places)
        except (ImportError, ValueError, AttributeError):
            return None
        if found is None:
            return None
        places = found.submodule_search_locations
    return None if found is None or not found.has_location else found.origin


def _line_of_definition(path: str, name: str) -> int | None:
    """The line of `class name`, `def name` or `name = …` in a file, by its text."""
    return _definitions(path).get(name)


@functools.lru_cache(maxsize=64)
def _definitions(path: str) -> dict[str, int]:
    """The first line that defines each name of a file."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import, and unneeded here
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return {}
    found: dict[str, int] = {}
    line, counted = 1, 0
    for match in _DEFINITION.finditer(text):
        line += text.count("\n", counted, match.start(1 if match[1] else 2))
        counted = match.start(1 if match[1] else 2)
        found.setdefault(match[1] or match[2], line)
    return found
