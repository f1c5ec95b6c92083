"""Reading a `.py` config as data: its statements are interpreted, never executed.

Two kinds of file are read. BaseCls's has a dictionary `_cfg` and a class `Cfg`, whose base class says which defaults
lie under it; in MMEngine's, every public name at the top level is a key of the config.
"""

from __future__ import annotations

import ast
import warnings
from typing import Any

from polynet.config.merging import merged
from polynet.config.python_chains import check_chains
from polynet.config.python_expressions import Defined, Expressions, Imported
from polynet.errors import ConfigError, ConfigTypeError, suggest

VALUES_NAME = "_cfg"
CLASS_NAME = "Cfg"


def read_python(text: str, path: str) -> dict[str, Any]:
    r"""The config in the text of a Python file.

    Args:
        text: The file's text.
        path: The file's path, for messages.

    Returns:
        The config, with `_base_` still in it where the file has one.

    Raises:
        ConfigError: It is not Python, or is more than data; the message gives file, line and column.
        ConfigTypeError: `_cfg` is no dictionary.

    Example:
        >>> read_python("width = 2 * 32\nmodel = dict(name='resnet18', head=dict(width=width))", "example.py")
        {'width': 64, 'model': {'name': 'resnet18', 'head': {'width': 64}}}
    """
    check_chains(text, path)
    tree = _parse(text, path)
    statements = Statements(path)
    for statement in tree.body:
        statements.interpret(statement)
    names = statements.names
    bases = {"_base_": names["_base_"]} if "_base_" in names else {}
    if VALUES_NAME not in names:
        if CLASS_NAME in statements.classes:
            statements.expressions.refuse(
                statements.classes[CLASS_NAME], f"class {CLASS_NAME} lacks its `_cfg = dict(…)`"
            )
        public = {name: value for name, value in names.items() if not name.startswith("_") and _is_data(value)}
        return {**bases, **public}
    values = names[VALUES_NAME]
    if not isinstance(values, dict):
        message = f"{path}: `{VALUES_NAME}` is a dict, not {type(values).__name__}."
        raise ConfigTypeError(message)
    return {**bases, **merged(statements.defaults(), values)}


def _parse(text: str, path: str) -> ast.Module:
    """The syntax tree of a text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of doubtful escapes: they are read as Python reads them
            return ast.parse(text, path)
    except SyntaxError as error:
        message = f"{path}:{error.lineno or 1}:{error.offset or 1}: not Python: {error.msg}."
        raise ConfigError(message) from error
    except (ValueError, MemoryError, RecursionError, OverflowError) as error:
        message = f"{path}: not Python that can be read: {error or 'nested too deep'}."
        raise ConfigError(message) from error


def _is_data(value: Any) -> bool:
    return not isinstance(value, (Imported, Defined))


class Statements:
    """Interprets the statements of a config file one by one.

    Args:
        path: The file, for messages.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.names: dict[str, Any] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.expressions = Expressions(path, self.names)

    def interpret(self, node: ast.stmt) -> None:
        """Carry out one statement.

        Raises:
            ConfigError: It is more than data.
        """
        if isinstance(node, ast.Assign):
            value = self.expressions.evaluate(node.value)
            for target in node.targets:
                self._assign(target, value)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self._assign(node.target, self.expressions.evaluate(node.value))
        elif isinstance(node, ast.AugAssign):
            self._assign(node.target, self.expressions.evaluate(_augmented(node)))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node)
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            self.names[node.name] = Defined(node.name)
            if isinstance(node, ast.ClassDef):
                self.classes[node.name] = node
        elif isinstance(node, ast.Delete):
            self._delete(node)
        elif not isinstance(node, ast.Pass) and not _is_remark(node):
            what = type(node).__name__.lower()
            self.expressions.refuse(node, f"`{what}` is not allowed in a config, which is data and is not executed")

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value)
        elif isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
            self._assign_element(target, value)
        else:
            self.expressions.refuse(target, "only names and elements can be assigned to in a config")

    def _unpack(self, target: ast.Tuple | ast.List, value: Any) -> None:
        if not isinstance(value, (list, tuple)) or len(value) != len(target.elts):
            found = len(value) if isinstance(value, (list, tuple)) else type(value).__name__
            self.expressions.refuse(target, f"{len(target.elts)} names cannot take {found} values")
        for element, item in zip(target.elts, value, strict=True):
            self._assign(element, item)

    def _assign_element(self, target: ast.Subscript, value: Any) -> None:
        container, key = self.expressions.evaluate(target.value), self.expressions.evaluate(target.slice)
        in_mapping = isinstance(container, dict) and isinstance(key, (str, int))
        in_list = isinstance(container, list) and isinstance(key, int) and -len(container) <= key < len(container)
        if not in_mapping and not in_list:
            self.expressions.refuse(target, f"a {type(container).__name__} has no element {key!r:.40} to assign to")
        container[key] = value

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if not isinstance(target, ast.Name) or target.id not in self.names:
                self.expressions.refuse(target, "only names defined above can be deleted in a config")
            del self.names[target.id]

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Note down what a file imports; a relative or starred import brings no names."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                module = alias.name if alias.asname else alias.name.partition(".")[0]
                self.names[alias.asname or module] = Imported(module, None)
        elif node.module and not node.level and node.module != "__future__":
            for alias in node.names:
                if alias.name != "*":
                    self.names[alias.asname or alias.name] = Imported(node.module, alias.name)
        else:
            for alias in node.names:
                self.names[alias.asname or alias.name] = Defined(alias.name)

    def defaults(self) -> dict[str, Any]:
        """What lies under the file's `_cfg`: the defaults of the base class that `Cfg` derives from."""
        from polynet.config.basecls import BASECLS_BASES

        name, seen = CLASS_NAME, set()
        while name in self.classes and name not in seen:
            seen.add(name)
            definition = self.classes[name]
            if not definition.bases:
                return {}
            name = _last_name(definition.bases[0])
        if name == CLASS_NAME:
            return {}
        if name in BASECLS_BASES:
            return dict(BASECLS_BASES[name])
        imported = self.names.get(name)
        original = imported.name if isinstance(imported, Imported) else None
        if original in BASECLS_BASES:
            return dict(BASECLS_BASES[original])
        near = suggest(name, BASECLS_BASES)
        reason = f"the base class {name!r} is not known: {', '.join(BASECLS_BASES)} are.{near}"
        return self.expressions.refuse(self.classes[CLASS_NAME], reason)


def _last_name(node: ast.expr) -> str:
    """`Name`, of `Name` and of `module.Name`."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else "?"


def _augmented(node: ast.AugAssign) -> ast.BinOp:
    """`a += b` as `a + b`."""
    target: Any = node.target
    loaded = ast.copy_location(type(target)(**{**dict(ast.iter_fields(target)), "ctx": ast.Load()}), target)
    return ast.copy_location(ast.BinOp(loaded, node.op, node.value), node)


def _is_remark(node: ast.stmt) -> bool:
    """Whether a statement is a docstring, or another constant that stands by itself."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
