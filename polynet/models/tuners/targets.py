"""Which modules of a network a tuner is put on, by the patterns that name them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from polynet.errors import OptionError, UnknownNameError, suggest
from polynet.types import NativeModule

Patterns: TypeAlias = str | Sequence[str] | None
"""One pattern, several, or none for a tuner's own choice."""


@frozen
class Place:
    """A module that a tuner is put on.

    Attributes:
        path: Its dotted path in the network.
        layer: The module.
        index: Which of the places it is, from 0.
        last: Whether it is the last of them.
    """

    path: str
    layer: NativeModule
    index: int
    last: bool


def check_patterns(owner: str, option: str, given: Any) -> tuple[str, ...] | None:
    """Patterns as a tuple; `None` stays.

    Raises:
        OptionError: No string or list of strings, an empty one, or no valid expression.

    Example:
        >>> check_patterns("LoRA", "target", "qkv")
        ('qkv',)
    """
    if given is None:
        return None
    patterns = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else (given,)
    for pattern in patterns:
        if not isinstance(pattern, str) or not pattern:
            message = f"{owner}: {option} takes names, wildcards or regular expressions, not {pattern!r}."
            raise OptionError(message)
        if not _is_expression(pattern) and not set(pattern) & set("*?"):
            message = f"{owner}: {option}={pattern!r} is no name, wildcard or regular expression."
            raise OptionError(message)
    return patterns


def _is_expression(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def matches(pattern: str, path: str) -> bool:
    r"""Whether a pattern means a path.

    A pattern is the whole path or the end of it (`qkv` means `blocks.0.attn.qkv`), a wildcard for the whole path
    (`blocks.*.qkv`), or a regular expression for the whole path.

    Example:
        >>> [matches(pattern, "blocks.0.attn.qkv") for pattern in ("attn.qkv", "*.qkv", r"blocks\.[01]\..*", "kv")]
        [True, True, True, False]
    """
    if path == pattern or path.endswith(f".{pattern}") or fnmatch.fnmatchcase(path, pattern):
        return True
    return _is_expression(pattern) and re.fullmatch(pattern, path) is not None


def choose(
    net: NativeModule,
    owner: str,
    patterns: Sequence[str] | None,
    default: Callable[[str, Any], bool],
    refusal: Callable[[str, Any], str | None],
) -> list[Place]:
    """The modules that a tuner is put on, in the network's order.

    Args:
        net: The network.
        owner: The tuner's name, for messages.
        patterns: What names them; `None` for all that `default` picks.
        default: Whether a path and module are picked where nothing is named.
        refusal: Why a path and module cannot be tuned; `None` where they can. A pattern may match such modules beside
            others that can be.

    Raises:
        UnknownNameError: A pattern matches no module; the nearest paths are named.
        OptionError: A pattern matches only modules that cannot be tuned, or there is nothing to pick by default.
    """
    modules = {path: module for path, module in net.named_modules() if path}
    if patterns is None:
        chosen = [path for path, module in modules.items() if default(path, module) and refusal(path, module) is None]
        if not chosen:
            message = (
                f"{owner}: {type(net).__name__} has no module that it tunes by default; name some by `target`, "
                f"one or more of: {_some(modules)}."
            )
            raise OptionError(message)
    else:
        wanted: set[str] = set()
        for pattern in patterns:
            wanted.update(_matched(modules, owner, pattern, refusal))
        chosen = [path for path in modules if path in wanted]
    return [Place(path, modules[path], index, path == chosen[-1]) for index, path in enumerate(chosen)]


def _matched(
    modules: dict[str, Any], owner: str, pattern: str, refusal: Callable[[str, Any], str | None]
) -> Iterable[str]:
    found = [path for path in modules if matches(pattern, path)]
    if not found:
        raise UnknownNameError(nothing_matches(owner, pattern, modules))
    refused = {path: reason for path in found if (reason := refusal(path, modules[path])) is not None}
    if len(refused) == len(found):
        path, reason = next(iter(refused.items()))
        message = f"{owner}: {pattern!r} matches nothing that it can tune: {path!r} {reason}"
        raise OptionError(message)
    return [path for path in found if path not in refused]


def nothing_matches(owner: str, pattern: str, names: Iterable[str]) -> str:
    """The message for a pattern without a match, with the nearest names: whole ones and their ends."""
    names = list(names)
    ends = dict.fromkeys(name.rpartition(".")[2] for name in names)
    hint = suggest(pattern, [*names, *ends])
    return f"{owner}: {pattern!r} matches nothing.{hint or f' There are {_some(names)}.'}"


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")
