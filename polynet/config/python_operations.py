"""The operators and functions of a `.py` config, each bounded: `9**9**9` is an error and not a wait."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

MAX_SIZE = 100_000
"""The longest string or list that an expression may give."""

MAX_BITS = 1024
"""The longest integer that an expression may give."""


class Refused(Exception):  # noqa: N818 - a reason that becomes a ConfigError, once its place in the file is known
    """An expression that is no data, or goes beyond the bounds."""


def is_scalar(value: Any) -> bool:
    """Whether a value is None, a number or a string."""
    return value is None or isinstance(value, (bool, int, float, str))


def check_size(value: Any) -> int:
    """The number of elements, characters or machine words of a value.

    Raises:
        Refused: It is too large.
    """
    if isinstance(value, bool) or value is None:
        return 1
    if isinstance(value, int):
        _check_bits(value.bit_length())
    elif isinstance(value, (str, list, tuple, set, dict)):
        _check_length(len(value))
        return len(value) + 1
    return 1


def _check_length(length: int) -> None:
    if length > MAX_SIZE:
        message = f"the value would hold more than {MAX_SIZE} characters or elements"
        raise Refused(message)


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        message = f"the integer would be longer than {MAX_BITS} bits"
        raise Refused(message)


def _numbers(symbol: str, *values: Any) -> None:
    for value in values:
        if not isinstance(value, (int, float)):
            message = f"{symbol} takes numbers, not {type(value).__name__}"
            raise Refused(message)


def _add(left: Any, right: Any) -> Any:
    for kind in (str, list, tuple):
        if isinstance(left, kind) and isinstance(right, kind):
            _check_length(len(left) + len(right))
            return operator.add(left, right)
    _numbers("+", left, right)
    return left + right


def _multiply(left: Any, right: Any) -> Any:
    if isinstance(right, (str, list, tuple)):
        left, right = right, left
    if isinstance(left, (str, list, tuple)):
        if not isinstance(right, int):
            message = f"a {type(left).__name__} is repeated an integral number of times, not {right!r:.40}"
            raise Refused(message)
        _check_length(len(left) * max(right, 0))
        return left * right
    _numbers("*", left, right)
    return left * right


def _power(left: Any, right: Any) -> Any:
    _numbers("**", left, right)
    if isinstance(left, int) and isinstance(right, int) and abs(left) > 1:
        _check_bits(left.bit_length() * abs(right))
    result = left**right
    if isinstance(result, complex):
        message = "a negative number has no such power"
        raise Refused(message)
    return result


def _merge(left: Any, right: Any) -> Any:
    if type(left) is dict and type(right) is dict:
        return {**left, **right}
    message = f"| merges dicts made in the file itself, not {type(left).__name__} and {type(right).__name__}"
    raise Refused(message)


def _arithmetic(symbol: str, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        _numbers(symbol, left, right)
        return function(left, right)

    return apply


def _sign(symbol: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        _numbers(symbol, value)
        return function(value)

    return apply


def _compare(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
    """A comparison of plain values alone: that of nested lists could take for ever."""

    def apply(left: Any, right: Any) -> bool:
        if not (is_scalar(left) and is_scalar(right)):
            message = "only numbers, strings and None can be compared in a config"
            raise Refused(message)
        return bool(function(left, right))

    return apply


def _is(left: Any, right: Any) -> bool:
    """Whether both are the same one of None, True and False."""
    constants = (None, True, False)
    return any(left is constant and right is constant for constant in constants)


def _contains(left: Any, right: Any) -> bool:
    if not is_scalar(left):
        message = "only a number or string can be looked for with `in`"
        raise Refused(message)
    if isinstance(right, str) and isinstance(left, str):
        return left in right
    if isinstance(right, (dict, list, tuple, set)):
        return any(is_scalar(item) and item == left for item in right)
    message = f"`in` looks in a list, tuple, set, mapping or string, not in {type(right).__name__}"
    raise Refused(message)


def _range(*bounds: Any) -> list[int]:
    numbers = range(*bounds)
    _check_length(len(numbers))
    return list(numbers)


def _convert(function: Callable[..., Any]) -> Callable[..., Any]:
    """`int`, `float`, `str` or `bool` of one plain value."""

    def apply(value: Any) -> Any:
        if not is_scalar(value):
            message = f"{function.__name__} takes a number or a string, not {type(value).__name__}"
            raise Refused(message)
        return function(value)

    return apply


def _number_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """`min`, `max` or `sum` of numbers, or of one list of them."""

    def apply(*values: Any) -> Any:
        numbers = values[0] if len(values) == 1 and isinstance(values[0], (list, tuple, set)) else values
        _numbers(function.__name__, *numbers)
        return function(numbers)

    return apply


def _round(value: Any, digits: Any = None) -> Any:
    _numbers("round", value, 0 if digits is None else digits)
    if digits is not None and abs(digits) > 30:
        message = "round takes at most 30 digits"
        raise Refused(message)
    return round(value, digits)


def _sequence(kind: type) -> Callable[..., Any]:
    """`list` or `tuple` of the elements of a container."""

    def apply(values: Any = ()) -> Any:
        if not isinstance(values, (str, list, tuple, set, dict)):
            message = f"{kind.__name__} takes a list, not {type(values).__name__}"
            raise Refused(message)
        return kind(values)

    return apply


def _len(value: Any) -> int:
    if isinstance(value, (str, list, tuple, set, dict)):
        return len(value)
    message = f"{type(value).__name__} has no length"
    raise Refused(message)


UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: _sign("+", operator.pos),
    ast.USub: _sign("-", operator.neg),
    ast.Invert: _sign("~", operator.invert),
    ast.Not: operator.not_,
}

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _add,
    ast.Sub: _arithmetic("-", operator.sub),
    ast.Mult: _multiply,
    ast.Div: _arithmetic("/", operator.truediv),
    ast.FloorDiv: _arithmetic("//", operator.floordiv),
    ast.Mod: _arithmetic("%", operator.mod),  # of numbers: `"%9999999d" % 1` would fill the memory
    ast.Pow: _power,
    ast.BitOr: _merge,
}

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: _compare(operator.eq),
    ast.NotEq: _compare(operator.ne),
    ast.Lt: _compare(operator.lt),
    ast.LtE: _compare(operator.le),
    ast.Gt: _compare(operator.gt),
    ast.GtE: _compare(operator.ge),
    ast.Is: _is,
    ast.IsNot: lambda left, right: not _is(left, right),
    ast.In: _contains,
    ast.NotIn: lambda left, right: not _contains(left, right),
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "dict": dict,  # the evaluator checks the keys of these two
    "set": set,
    "list": _sequence(list),
    "tuple": _sequence(tuple),
    "range": _range,
    "float": _convert(float),
    "int": _convert(int),
    "str": _convert(str),
    "bool": _convert(bool),
    "abs": _sign("abs", abs),
    "min": _number_of(min),
    "max": _number_of(max),
    "sum": _number_of(sum),
    "round": _round,
    "len": _len,
}
