"""Arguments that the example in a docstring gives: values that are known to work, because the examples are run."""

from __future__ import annotations

import ast
import doctest
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

_UNKNOWN = object()


def example_values(target: Any, *names: str) -> dict[str, Any]:
    """The plain arguments with which the docstring of a class or function constructs it.

    Args:
        target: The class or function.
        *names: Names by which a config in the example may call it, beside its own.

    Returns:
        Values by name; only those that are plain data, or variables which the example gives such data.

    Example:
        >>> from polynet.registry import HEADS
        >>> example_values(HEADS.get("CosineLinearHead"))
        {'in_dim': 8, 'num_classes': 10}
    """
    names = (getattr(target, "__name__", ""), *names)
    known: dict[str, Any] = {}
    for statement in _statements(target):
        for node in ast.walk(statement):
            found = _call(node, names, target, known)
            if found:
                return found
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            known[statement.targets[0].id] = _value(statement.value, known)
    return {}


def _statements(target: Any) -> Iterator[ast.stmt]:
    """Every statement of a docstring's examples, those inside `with` blocks too."""
    for example in doctest.DocTestParser().get_examples(target.__doc__ or ""):
        try:
            parsed = ast.parse(example.source)
        except SyntaxError:
            continue
        yield from (node for node in ast.walk(parsed) if isinstance(node, (ast.Assign, ast.Expr)))


def _call(node: ast.AST, names: tuple[str, ...], target: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a node, if it constructs what bears the name, or builds it from a config."""
    if not isinstance(node, ast.Call):
        return {}
    called = getattr(node.func, "id", getattr(node.func, "attr", None))
    if called in names:
        return _bound(node, target, known)
    config = _value(node.args[0], known) if called == "build" and node.args else None
    if isinstance(config, dict):
        selector = next((key for key in ("name", "type", "NAME") if config.get(key) in names), None)
        if selector:
            return {key.lower(): value for key, value in config.items() if key != selector}
    return {}


def _bound(node: ast.Call, target: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    values = [_value(each, known) for each in node.args]
    named = {each.arg: _value(each.value, known) for each in node.keywords if each.arg is not None}
    try:
        signature = inspect.signature(target)
        found = dict(signature.bind_partial(*values, **named).arguments)
    except (TypeError, ValueError):
        return {key: value for key, value in named.items() if value is not _UNKNOWN}
    for key, parameter in signature.parameters.items():
        if parameter.kind == parameter.VAR_KEYWORD:
            found.update(found.pop(key, {}))
        elif parameter.kind == parameter.VAR_POSITIONAL:
            found.pop(key, None)
    return {key: value for key, value in found.items() if value is not _UNKNOWN}


def _value(node: ast.AST, known: Mapping[str, Any]) -> Any:
    """The plain data that an expression stands for, or `_UNKNOWN`."""
    if isinstance(node, ast.Name):
        return known.get(node.id, _UNKNOWN)
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        pairs = zip(node.keys, node.values, strict=True)
        values = {key.value: _value(value, known) for key, value in pairs if isinstance(key, ast.Constant)}
        return _UNKNOWN if any(value is _UNKNOWN for value in values.values()) else values
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return _UNKNOWN
