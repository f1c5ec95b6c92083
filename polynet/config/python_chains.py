"""Refusing endless chains of operators before Python's parser sees them.

`1+1+1+…` parses into a tree as deep as the chain is long, and at some 300,000 links building that tree overflows the
C stack and ends the process (CPython 3.10). Other kinds of nesting are bounded by the parser itself.
"""

from __future__ import annotations

import tokenize
from collections.abc import Iterator

from polynet.errors import ConfigError

MAX_LINKS = 5_000
HARMLESS_LENGTH = 20_000
"""A text this short holds no chain that could do harm, and need not be searched for one."""

_LINKS = frozenset(("+", "-", "*", "/", "//", "%", "@", "|", "&", "^", "<<", ">>", "."))
_OPENING = frozenset("([{")
_CLOSING = frozenset(")]}")
_BREAKS = frozenset(",;:=")


def check_chains(text: str, path: str) -> None:
    """Refuse a text with more than `MAX_LINKS` operators, calls or subscripts in a row.

    Raises:
        ConfigError: There is such a chain; the message gives file, line and column.
    """
    if len(text) < HARMLESS_LENGTH:
        return
    links = [0]
    for token in _tokens(text):
        word = token.string
        if token.type == tokenize.NEWLINE:
            links = [0]
        elif token.type != tokenize.OP:
            continue
        elif word in _BREAKS:
            links[-1] = 0
        elif word in _CLOSING:
            links = links[:-1] or [0]
        elif word in _LINKS or word in _OPENING:
            links[-1] += 1
            if links[-1] > MAX_LINKS:
                message = f"{path}:{token.start[0]}:{token.start[1] + 1}: more than {MAX_LINKS} operators in a row."
                raise ConfigError(message)
            if word in _OPENING:
                links.append(0)


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of a text, up to where it is no Python; the parser says what is wrong there."""
    lines = iter(text.splitlines(keepends=True))
    try:
        yield from tokenize.generate_tokens(lambda: next(lines, ""))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return
