"""Base files of MMEngine's lazily imported configs: found, read each once as data, and handed out as copies."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from polynet.config.limits import MAX_VALUES, count_values
from polynet.config.python_imports import Defined, Imported
from polynet.config.python_methods import converted
from polynet.config.python_operations import Refused
from polynet.errors import ConfigError, ConfigFileError

MAX_CHAIN = 50
"""The most files that may import one another in a row."""

Interpret = Callable[[str, str, "Bases"], dict[str, Any]]


class Bases:
    """The base files of one config and of their bases in turn.

    Args:
        interpret: Gives the names that a file defines, from its text, its path and this object.
    """

    def __init__(self, interpret: Interpret) -> None:
        self._interpret = interpret
        self._chain: list[Path] = []
        self._done: dict[Path, tuple[dict[str, Any], int]] = {}
        self._left = MAX_VALUES

    @property
    def is_base(self) -> bool:
        """Whether the file being read is one that another imports."""
        return len(self._chain) > 1

    @contextmanager
    def reading(self, path: str) -> Iterator[None]:
        """Note that a file is being read, so that importing it again is seen to be a cycle."""
        self._chain.append(_resolved(Path(path)))
        try:
            yield
        finally:
            self._chain.pop()

    def names(self, module: str, importer: str) -> dict[str, Any]:
        """Fresh copies of the values that a base file defines, by name; and what it imports.

        Args:
            module: The module as the importing file writes it: `.._base_.models.resnet18`.
            importer: The path of that file.

        Raises:
            Refused: The files lead back to one another, the module cannot be a config file, it has a `_base_`, or all
                copies together are too large.
            ConfigFileError: The file is missing or cannot be read.
            ConfigError: It is more than data; the message gives its place.
        """
        path = locate(module, Path(importer))
        resolved = _resolved(path)
        if resolved in self._chain:
            way = [*self._chain[self._chain.index(resolved) :], resolved]
            message = f"the base files of a config lead back to it: {' -> '.join(map(str, way))}"
            raise Refused(message)
        if len(self._chain) >= MAX_CHAIN:
            message = f"more than {MAX_CHAIN} files import one another in a row"
            raise Refused(message)
        if resolved not in self._done:
            self._done[resolved] = self._read(path)
        names, size = self._done[resolved]
        self._left -= size
        if self._left < 0:
            message = f"the base files hold more than {MAX_VALUES} values, all together"
            raise Refused(message)
        return {name: converted(value) for name, value in names.items()}

    def _read(self, path: Path) -> tuple[dict[str, Any], int]:
        """What a file defines, and how many values that is."""
        from polynet.config.files import read_text

        names = self._interpret(read_text(path), str(path), self)
        if "_base_" in names:
            message = (
                f"{path} names its bases by `_base_`; the bases of a base are imported in `with read_base():`, too"
            )
            raise Refused(message)
        names = {name: value for name, value in names.items() if not name.startswith("__")}
        data = {name: value for name, value in names.items() if not isinstance(value, (Imported, Defined))}
        try:
            return names, len(names) + count_values(data)
        except ConfigError as error:
            message = f"{path}: {error}"
            raise type(error)(message) from error


def locate(module: str, importer: Path) -> Path:
    """The file that a config means by a module.

    Args:
        module: With leading dots, relative to the folder of the importing file; or from a package on.
        importer: The importing file.

    Raises:
        Refused: It is a package by itself, or a package that is nowhere.

    Example:
        >>> locate(".._base_.models.vit", Path("/configs/deit/tiny.py")).as_posix()
        '/configs/_base_/models/vit.py'
    """
    name = module.lstrip(".")
    level = len(module) - len(name)
    parts = name.split(".")
    if level:
        folder = importer.parent.joinpath(*[".."] * (level - 1))
    elif len(parts) == 1:
        message = (
            f"the package {module} is no config file; import one in it, as in `from {module}.configs.name import *`"
        )
        raise Refused(message)
    else:
        folder = _package(parts.pop(0), importer)
    file = folder.joinpath(*parts[:-1], f"{parts[-1]}.py")
    return _resolved(file.parent) / file.name


def _package(name: str, importer: Path) -> Path:
    """The folder of a package: of the one that is installed, or of the one that the importing file lies in."""
    try:
        found = importlib.util.find_spec(name)  # looks for a package of this name and imports nothing
    except (ImportError, ValueError):
        found = None
    if found is not None and found.submodule_search_locations:
        return Path(next(iter(found.submodule_search_locations)))
    around = next((folder for folder in _resolved(importer).parents if folder.name == name), None)
    if around is None:
        message = f"the package {name} is not installed, nor does this file lie in a folder of that name"
        raise Refused(message)
    return around


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except RecursionError:
        raise  # not of a loop of links, which is a RuntimeError, too
    except (OSError, ValueError, RuntimeError) as error:
        message = f"{str(path)!r} is no path of a file: {error}"
        raise ConfigFileError(message) from error
