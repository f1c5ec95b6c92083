"""A small language for parameter names: literal text with numbers in it, computed from where a block stands.

A *pattern* matches names: `"s{stage}.b{block}.a_bn.{leaf}"` binds `stage` and `block` to whole numbers and `leaf` to
the last part of the name. A *form* makes names from what a pattern bound: `"layer{stage}.{block-1}.bn1.{leaf}"`. What
stands in a form's braces is `leaf`, or a sum of terms: a number, a variable, or a number times a variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from attrs import field, frozen

Bindings: TypeAlias = Mapping[str, "int | str"]

LEAF = "leaf"
_FIELD = re.compile(r"\{([^{}]*)\}")
_TERM = re.compile(r"([+-]?)(?:(\d+)\*)?([a-z_]+|\d+)")


class TemplateError(ValueError):
    """A template in a layout's own table is misspelt: a mistake in PolyNet, not in its use."""


@frozen
class Pattern:
    """Matches names and binds the numbers in them.

    Example:
        >>> Pattern("s{stage}.b{block}.a.{leaf}").match("s1.b2.a.weight")
        {'stage': 1, 'block': 2, 'leaf': 'weight'}
    """

    source: str
    _expression: re.Pattern[str] = field(init=False, repr=False, eq=False)

    @_expression.default
    def _compile(self) -> re.Pattern[str]:
        parts: list[str] = []
        for index, piece in enumerate(_FIELD.split(self.source)):
            if index % 2 == 0:
                parts.append(re.escape(piece))
            elif piece == LEAF:
                parts.append(r"(?P<leaf>[A-Za-z_]\w*)")
            elif piece.isidentifier():
                parts.append(rf"(?P<{piece}>0|[1-9]\d*)")
            else:
                message = f"{piece!r} in the pattern {self.source!r} is no variable."
                raise TemplateError(message)
        return re.compile("".join(parts))

    def shape(self) -> re.Pattern[str]:
        """An expression that every name of this pattern matches, and no more than it."""
        return self._expression

    def match(self, name: str) -> dict[str, int | str] | None:
        """What the pattern binds in a name, or `None` where it does not match."""
        found = self._expression.fullmatch(name)
        if found is None:
            return None
        return {key: text if key == LEAF else int(text) for key, text in found.groupdict().items()}


@frozen
class Form:
    """Makes names from bound numbers.

    Example:
        >>> Form("features.{3*index+stage-1}.{leaf}").make({"stage": 2, "index": 1, "leaf": "weight"})
        'features.4.weight'
    """

    source: str
    _pieces: tuple[str | Callable[[Bindings], object], ...] = field(init=False, repr=False, eq=False)

    @_pieces.default
    def _compile(self) -> tuple[str | Callable[[Bindings], object], ...]:
        pieces = _FIELD.split(self.source)
        return tuple(_computed(piece) if index % 2 else piece for index, piece in enumerate(pieces))

    def make(self, bindings: Bindings) -> str:
        """The name for these numbers."""
        return "".join(piece if isinstance(piece, str) else str(piece(bindings)) for piece in self._pieces)

    def shape(self) -> re.Pattern[str]:
        """An expression that every name of this form matches, whatever the numbers."""
        parts = (
            re.escape(piece) if index % 2 == 0 else (r"[A-Za-z_]\w*" if piece == LEAF else r"\d+")
            for index, piece in enumerate(_FIELD.split(self.source))
        )
        return re.compile("".join(parts))


def _computed(expression: str) -> Callable[[Bindings], object]:
    if expression == LEAF:
        return lambda bindings: bindings[LEAF]
    terms = _TERM.findall(expression)
    if not terms or "".join(_spelt(*term) for term in terms) != expression:
        message = f"{expression!r} is no sum of numbers and variables."
        raise TemplateError(message)
    return lambda bindings: sum(_term(bindings, *term) for term in terms)


def _spelt(sign: str, factor: str, atom: str) -> str:
    return f"{sign}{factor}{'*' if factor else ''}{atom}"


def _term(bindings: Bindings, sign: str, factor: str, atom: str) -> int:
    value = int(atom) if atom.isdigit() else int(bindings[atom])
    return (-1 if sign == "-" else 1) * int(factor or 1) * value
