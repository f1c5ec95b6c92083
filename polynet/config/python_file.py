"""Reading a `.py` config as data: its statements are interpreted, never executed.

Two kinds of file are read. BaseCls's has a dictionary `_cfg` and a class `Cfg`, whose base class says which defaults
lie under it; in MMEngine's, every public name at the top level is a key of the config. MMEngine's has two forms: bases
are named by `_base_`, or imported in `with read_base():`, as are classes, which stand for their names.
"""

from __future__ import annotations

import ast
import warnings
from typing import Any

from polynet.config.merging import merged
from polynet.config.python_bases import Bases
from polynet.config.python_chains import check_chains
from polynet.config.python_expressions import Expressions
from polynet.config.python_imports import Defined, Imported, LazilyImported, is_lazily_imported, is_read_base
from polynet.config.python_methods import ConfigDict, check_attribute, put
from polynet.config.python_operations import Refused
from polynet.errors import ConfigError, ConfigFileError, ConfigTypeError, suggest

VALUES_NAME = "_cfg"
CLASS_NAME = "Cfg"


def read_python(text: str, path: str) -> dict[str, Any]:
    r"""The config in the text of a Python file.

    Args:
        text: The file's text.
        path: The file's path, for messages; the bases that it imports are looked for from there.

    Returns:
        The config, with `_base_` still in it where the file has one.

    Raises:
        ConfigError: It is not Python, or is more than data, or imports a base that leads back to it; the message gives
            file, line and column.
        ConfigFileError: A base that it imports is missing or cannot be read.
        ConfigTypeError: `_cfg` is no dictionary.

    Example:
        >>> read_python("width = 2 * 32\nmodel = dict(name='resnet18', head=dict(width=width))", "example.py")
        {'width': 64, 'model': {'name': 'resnet18', 'head': {'width': 64}}}
    """
    statements = _interpreted(text, path, Bases(_names))
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


def _interpreted(text: str, path: str, bases: Bases) -> Statements:
    """A file whose statements have been carried out: first what it imports of base files, wherever that stands."""
    check_chains(text, path)
    tree = _parse(text, path)
    with bases.reading(path):
        statements = Statements(path, bases, is_lazy=bases.is_base or _is_lazy(tree))
        for statement in filter(is_read_base, tree.body):
            statements.read_base(statement)
        for other in tree.body:
            if not is_read_base(other):
                statements.interpret(other)
    with_base = next(filter(is_read_base, tree.body), None)
    if with_base is not None and "_base_" in statements.names:
        reason = "a config names its bases by `with read_base():` or by `_base_`, not both"
        statements.expressions.refuse(with_base, reason)
    return statements


def _names(text: str, path: str, bases: Bases) -> dict[str, Any]:
    """All names that a base file defines or imports."""
    return _interpreted(text, path, bases).names


def _is_lazy(tree: ast.Module) -> bool:
    """Whether imported classes stand for their names: not in BaseCls's files, which refer to classes."""
    assigned = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    has_values = any(isinstance(target, ast.Name) and target.id == VALUES_NAME for target in assigned)
    return not has_values and is_lazily_imported(tree)


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
        path: The file, for messages and as the start of relative imports.
        bases: Reads the files that it imports in `with read_base():`.
        is_lazy: Whether the classes it imports stand for their names, as in MMEngine's lazily imported configs.
    """

    def __init__(self, path: str, bases: Bases, *, is_lazy: bool) -> None:
        self.path = path
        self.bases = bases
        self.imported = LazilyImported if is_lazy else Imported
        self.names: dict[str, Any] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self._base_names: dict[str, dict[str, Any]] = {}
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
        elif isinstance(node, ast.Expr) and _is_method_call(node.value):
            self.expressions.evaluate(node.value)
        elif not isinstance(node, ast.Pass) and not _is_remark(node):
            what = f"`{type(node).__name__.lower()}`"
            what = f"{what} other than `with read_base():`" if isinstance(node, ast.With) else what
            self.expressions.refuse(node, f"{what} is not allowed in a config, which is data and is not executed")

    def read_base(self, node: ast.With) -> None:
        """Take in what is imported from base files; a later name takes the place of an earlier one.

        Raises:
            ConfigError: It does more than to import, a file lacks a name, or files lead back to one another.
            ConfigFileError: A base file is missing or cannot be read.
        """
        for statement in node.body:
            if not isinstance(statement, ast.ImportFrom) or statement.module is None:
                self.expressions.refuse(
                    statement, "`with read_base():` holds nothing but imports such as `from .._base_.name import *`"
                )
            module = "." * statement.level + statement.module
            names = self._names_of_base(statement, module)
            for alias in statement.names:
                if alias.name == "*":
                    self.names.update(names)
                elif alias.name in names:
                    self.names[alias.asname or alias.name] = names[alias.name]
                else:
                    near = suggest(alias.name, names)
                    self.expressions.refuse(statement, f"the base {module} defines no {alias.name!r}.{near}")

    def _names_of_base(self, node: ast.ImportFrom, module: str) -> dict[str, Any]:
        """What a base file defines; one module that is imported twice gives the same values."""
        try:
            if module not in self._base_names:
                self._base_names[module] = self.bases.names(module, self.path)
            self.expressions.spend(len(self._base_names[module]))
        except Refused as error:
            self.expressions.refuse(node, str(error), error)
        except ConfigFileError as error:
            place = f"{self.path}:{node.lineno}:{node.col_offset + 1}"
            message = f"{place}: its base {module} cannot be read: {error}"
            raise ConfigFileError(message) from error
        return self._base_names[module]

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value)
        elif isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
            self._assign_element(target, value)
        elif isinstance(target, ast.Attribute):
            self._assign_attribute(target, value)
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
        self._put(target, container, key, value)

    def _assign_attribute(self, target: ast.Attribute, value: Any) -> None:
        """`model.head.num_classes = 10`, where `model` comes of a base file."""
        owner = self.expressions.evaluate(target.value)
        try:
            check_attribute(owner, target.attr)
        except Refused as error:
            self.expressions.refuse(target, str(error), error)
        self._put(target, owner, target.attr, value)

    def _put(self, target: ast.expr, container: Any, key: Any, value: Any) -> None:
        """Assign an element; what a base file's mapping takes in is copied."""
        try:
            if isinstance(container, ConfigDict):
                self.expressions.charge(value)
        except Refused as error:
            self.expressions.refuse(target, str(error), error)
        put(container, key, value)

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
                self.names[alias.asname or module] = self.imported(module, None)
            return
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            name = alias.asname or alias.name
            if alias.name == "*":
                self._refuse_star(node, module)
            elif node.level:
                reason = f"{name} is imported from {module}; names of other configs are imported in `with read_base():`"
                self.names[name] = Defined(name, reason)
            elif module != "__future__":
                self.names[name] = self.imported(module, alias.name)

    def _refuse_star(self, node: ast.ImportFrom, module: str) -> None:
        """Refuse a starred import outside `with read_base():`, in a config of MMEngine's."""
        if self.imported is LazilyImported:
            reason = f"`from {module} import *` belongs in `with read_base():`, and {module} must be a config file"
            self.expressions.refuse(node, reason)

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


def _is_method_call(node: ast.expr) -> bool:
    """Whether an expression is a call of an attribute, such as `model.update(…)`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def _is_remark(node: ast.stmt) -> bool:
    """Whether a statement is a docstring, or another constant that stands by itself."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
