"""Evaluating the expressions of a `.py` config: data, never code.

An expression is walked as a syntax tree. There are literals, names defined above, arithmetic, comparisons, f-strings
and a few functions that build data; nothing is ever compiled, and every result is bounded in size.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any, NoReturn

from polynet.config.limits import MAX_DEPTH, count_values
from polynet.config.python_imports import Defined, Imported
from polynet.config.python_methods import ConfigDict, attribute, find_method
from polynet.config.python_operations import BINARY, COMPARISONS, FUNCTIONS, UNARY, Refused, check_size, is_scalar
from polynet.errors import ConfigError, suggest

MAX_SIZE_OF_ALL = 2_000_000
"""How many characters and elements the expressions of one file may make, all together."""

COST_OF_A_TURN = 10
"""What a turn of a list comprehension counts, so that loops within loops end soon."""

COST_OF_A_COPY = 5
"""What each value counts that a method of a base file's mapping goes through."""

ELEMENTS_MOVED_AT_ONCE = 16
"""How many elements of a list that a method may move count as one that is made."""

_FORMAT = re.compile(r"[<>^]?[-+]?0?[0-9]{0,2}[,_]?(?:\.[0-9]{1,2})?[bcdeEfFgGosxX%]?")


class Expressions:
    """Evaluates expressions with the names defined so far.

    Args:
        path: The file, for messages.
        names: The names defined so far; the caller adds to them.
    """

    def __init__(self, path: str, names: dict[str, Any]) -> None:
        self.path = path
        self.names = names
        self._depth = 0
        self._left = MAX_SIZE_OF_ALL

    def evaluate(self, node: ast.expr) -> Any:
        """The value of an expression.

        Raises:
            ConfigError: It is not data, or goes beyond the bounds; the message gives file, line and column.
        """
        handler: Callable[[Any], Any] | None = getattr(self, f"_{type(node).__name__}", None)
        if handler is None:
            self.refuse(node, f"{_described(node)} is not allowed in a config, which is data and is not executed")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.refuse(node, f"the expression is nested deeper than {MAX_DEPTH} levels")
        try:
            value = handler(node)
            self._left -= check_size(value)
        except ConfigError:
            raise
        except (Refused, ArithmeticError, TypeError, ValueError, LookupError) as error:
            self.refuse(node, str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}", error)
        if self._left < 0:
            self.refuse(node, "the file's values are too large, all together")
        self._depth -= 1
        return value

    def charge(self, value: Any) -> None:
        """Count a value that is about to be copied towards what the file may make.

        Raises:
            Refused: It contains itself, or is too large.
        """
        try:
            self.spend(COST_OF_A_COPY * count_values(value))
        except ConfigError as error:
            raise Refused(str(error)) from error

    def spend(self, amount: int) -> None:
        """Count a number of values towards what the file may make.

        Raises:
            Refused: They are too many, with those before.
        """
        self._left -= amount
        if self._left < 0:
            message = "the file's values are too large, all together"
            raise Refused(message)

    def refuse(self, node: ast.AST, reason: str, cause: BaseException | None = None) -> NoReturn:
        """Raise a `ConfigError` with the place of a node."""
        column = getattr(node, "col_offset", 0) + 1
        end = "" if reason.endswith((".", "?")) else "."
        message = f"{self.path}:{getattr(node, 'lineno', 1)}:{column}: {reason}{end}"
        raise ConfigError(message) from cause

    def _Constant(self, node: ast.Constant) -> Any:  # noqa: N802 - named after the syntax node, here and below
        if node.value is None or isinstance(node.value, (bool, int, float, str)):
            return node.value
        message = f"{node.value!r:.40} is no value for a config"
        raise Refused(message)

    def _Name(self, node: ast.Name) -> Any:  # noqa: N802
        if node.id not in self.names:
            if node.id in FUNCTIONS:
                message = f"{node.id} can be called, and is no value itself"
                raise Refused(message)
            message = f"the name {node.id!r} is not defined above.{suggest(node.id, self.names)}"
            raise Refused(message)
        value = self.names[node.id]
        return value.value() if isinstance(value, (Imported, Defined)) else value

    def _Attribute(self, node: ast.Attribute) -> Any:  # noqa: N802
        imported = self._imported(node)
        return attribute(self.evaluate(node.value), node.attr) if imported is None else imported.value()

    def _imported(self, node: ast.expr) -> Imported | None:
        """What a dotted name refers to, where it starts at an imported module or class."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        found = self.names.get(node.id) if isinstance(node, ast.Name) else None
        if not isinstance(found, Imported):
            return None
        for name in reversed(names):
            found = found.attribute(name)
        return found

    def _elements(self, nodes: list[ast.expr]) -> list[Any]:
        """The values of a list of expressions, `*unpacked` ones spread out."""
        values: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                spread = self.evaluate(node.value)
                if not isinstance(spread, (list, tuple, set, dict)):
                    self.refuse(node, f"only a list or tuple can be unpacked, not {type(spread).__name__}")
                values.extend(spread)
            else:
                values.append(self.evaluate(node))
            check_size(values)
        return values

    def _List(self, node: ast.List) -> list[Any]:  # noqa: N802
        return self._elements(node.elts)

    def _Tuple(self, node: ast.Tuple) -> tuple[Any, ...]:  # noqa: N802
        return tuple(self._elements(node.elts))

    def _Set(self, node: ast.Set) -> set[Any]:  # noqa: N802
        return _set(self._elements(node.elts))

    def _Dict(self, node: ast.Dict) -> dict[Any, Any]:  # noqa: N802
        result: dict[Any, Any] = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self.evaluate(value_node)
            if key_node is None:
                result.update(_mapping(value))
            else:
                result[_key(self.evaluate(key_node))] = value
        return result

    def _ListComp(self, node: ast.ListComp) -> list[Any]:  # noqa: N802
        """A list of one loop over a list, such as `[round(x) for x in mean]`; its name is gone afterwards."""
        loop = node.generators[0]
        if len(node.generators) > 1 or not isinstance(loop.target, ast.Name) or loop.is_async:
            message = "a list comprehension has one `for`, with one name"
            raise Refused(message)
        source = self.evaluate(loop.iter)
        if not isinstance(source, (list, tuple, set, dict)):
            message = f"a list comprehension goes through a list, not {type(source).__name__}"
            raise Refused(message)
        name = loop.target.id
        outer = {name: self.names[name]} if name in self.names else {}
        values: list[Any] = []
        try:
            for item in list(source):  # what a turn does to the source does not lengthen the loop
                self.names[name] = item
                self._left -= COST_OF_A_TURN
                if all(self.evaluate(condition) for condition in loop.ifs):
                    values.append(self.evaluate(node.elt))
                check_size(values)
        finally:
            self.names.pop(name, None)
            self.names.update(outer)
        return values

    def _Call(self, node: ast.Call) -> Any:  # noqa: N802
        if isinstance(node.func, ast.Attribute) and node.func.attr == "format" and not node.keywords:
            return _formatted(self.evaluate(node.func.value), self._elements(node.args))
        if isinstance(node.func, ast.Attribute) and self._imported(node.func) is None:
            return self._call_method(node, node.func)
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name is None or name not in FUNCTIONS or name in self.names:
            called = ast.unparse(node.func) if isinstance(node.func, (ast.Name, ast.Attribute)) else "this"
            message = f"{called:.60} cannot be called in a config; {', '.join(FUNCTIONS)} can"
            raise Refused(message)
        arguments, keywords = self._arguments(node)
        if name == "dict":
            return _dict(arguments, keywords)
        if name == "set":
            return _set(*arguments)
        return FUNCTIONS[name](*arguments, **keywords)

    def _arguments(self, node: ast.Call) -> tuple[list[Any], dict[str, Any]]:
        """The positional arguments of a call, and those by keyword."""
        arguments = self._elements(node.args)
        keywords: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value)
            new = _mapping(value) if keyword.arg is None else {keyword.arg: value}
            if twice := new.keys() & keywords.keys():
                message = f"the key {min(twice, key=str)!r} is given twice"
                raise Refused(message)
            keywords.update(new)
        return arguments, keywords

    def _call_method(self, node: ast.Call, function: ast.Attribute) -> Any:
        """Call a method of a mapping or list, which it may change."""
        owner = self.evaluate(function.value)
        method = find_method(owner, function.attr)
        arguments, keywords = self._arguments(node)
        if isinstance(owner, ConfigDict):
            for value in (owner, arguments, keywords):  # its methods go through all that is in them
                self.charge(value)
        result = method(owner, *arguments, **keywords)
        self.spend(1 + check_size(owner) // ELEMENTS_MOVED_AT_ONCE)
        return result

    def _UnaryOp(self, node: ast.UnaryOp) -> Any:  # noqa: N802
        return UNARY[type(node.op)](self.evaluate(node.operand))

    def _BinOp(self, node: ast.BinOp) -> Any:  # noqa: N802
        operation = BINARY.get(type(node.op))
        if operation is None:
            self.refuse(node, f"the operator {type(node.op).__name__} is not allowed in a config")
        return operation(self.evaluate(node.left), self.evaluate(node.right))

    def _BoolOp(self, node: ast.BoolOp) -> Any:  # noqa: N802
        value = None
        for operand in node.values:
            value = self.evaluate(operand)
            if bool(value) is isinstance(node.op, ast.Or):
                break
        return value

    def _Compare(self, node: ast.Compare) -> bool:  # noqa: N802
        left = self.evaluate(node.left)
        for operator, operand in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(operand)
            if not COMPARISONS[type(operator)](left, right):
                return False
            left = right
        return True

    def _IfExp(self, node: ast.IfExp) -> Any:  # noqa: N802
        return self.evaluate(node.body if self.evaluate(node.test) else node.orelse)

    def _Subscript(self, node: ast.Subscript) -> Any:  # noqa: N802
        container = self.evaluate(node.value)
        if not isinstance(container, (dict, list, tuple, str)):
            message = f"{type(container).__name__} has no elements"
            raise Refused(message)
        if not isinstance(node.slice, ast.Slice):
            key = _key(self.evaluate(node.slice))
            if isinstance(container, dict) and key not in container:
                message = f"there is no key {key!r}.{suggest(key, container)}"
                raise Refused(message)
            return container[key]
        if isinstance(container, dict):
            message = "a mapping cannot be sliced"
            raise Refused(message)
        bounds = (node.slice.lower, node.slice.upper, node.slice.step)
        return container[slice(*(None if bound is None else self.evaluate(bound) for bound in bounds))]

    def _JoinedStr(self, node: ast.JoinedStr) -> str:  # noqa: N802
        return "".join(self.evaluate(part) for part in node.values)

    def _FormattedValue(self, node: ast.FormattedValue) -> str:  # noqa: N802
        value = self.evaluate(node.value)
        if not is_scalar(value):
            message = f"an f-string takes numbers and strings, not {type(value).__name__}"
            raise Refused(message)
        specification = "" if node.format_spec is None else self.evaluate(node.format_spec)
        if not _FORMAT.fullmatch(specification):
            message = f"the format {specification!r:.40} is not allowed in a config"
            raise Refused(message)
        if node.conversion in (ord("r"), ord("a")):
            value = repr(value)
        return format(value, specification)


def _described(node: ast.AST) -> str:
    """What a node is, for a reader who does not know syntax trees: `a list comprehension (ListComp)`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).lower()
    return f"`{words}`"


def _formatted(template: Any, values: list[Any]) -> str:
    """`template.format(...)` where every field is a plain `{}`: others could reach attributes, or be very wide."""
    if not isinstance(template, str) or not all(is_scalar(value) for value in values):
        message = "format puts numbers and strings into a string"
        raise Refused(message)
    pieces = template.split("{}")
    if len(pieces) != len(values) + 1 or "{" in "".join(pieces) or "}" in "".join(pieces):
        message = f"format takes as many values as the string has fields {{}}, and no other fields: {template!r:.40}"
        raise Refused(message)
    check_size("".join(pieces) + "".join(map(str, values)))
    return pieces[0] + "".join(f"{value}{piece}" for value, piece in zip(values, pieces[1:], strict=True))


def _key(value: Any) -> Any:
    if isinstance(value, (str, int)):
        return value
    message = f"a key is a string or an integer, not {type(value).__name__}"
    raise Refused(message)


def _mapping(value: Any) -> dict[Any, Any]:
    if isinstance(value, dict):
        return value
    message = f"** takes a mapping, not {type(value).__name__}"
    raise Refused(message)


def _set(values: Any = ()) -> set[Any]:
    """A set of plain values: hashing nested tuples could take for ever."""
    elements = list(values)
    if all(is_scalar(value) for value in elements):
        return set(elements)
    message = "a set holds numbers and strings only"
    raise Refused(message)


def _dict(arguments: list[Any], keywords: dict[str, Any]) -> dict[Any, Any]:
    if len(arguments) > 1:
        message = "dict takes one mapping or list of pairs"
        raise Refused(message)
    first = arguments[0] if arguments else {}
    pairs = first.items() if isinstance(first, dict) else first
    result = {_key(key): value for key, value in pairs}
    return {**result, **keywords}
