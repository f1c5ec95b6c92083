"""Submodules that a dialect has only so that another library's imports find their names.

A library keeps what PolyNet has in one place in a dozen modules. Rather than a dozen files of one line, a dialect lists
the paths and the names found there; each path becomes a module that looks its names up in the dialect itself.
"""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from polynet.errors import suggest


def lay_out(dialect: str, paths: Mapping[str, Iterable[str]], spellings: Mapping[str, str] | None = None) -> None:
    """Make the modules of another library's layout importable below a dialect.

    Args:
        dialect: Name of the dialect's package, which is being imported and has the names.
        paths: The names found under each dotted path below it.
        spellings: Steps of paths that may be written in a second way, such as `{"metric": "metrics"}`: the module is
            then found, as the same object, under either.

    Example:
        >>> import polynet.dialects.scepter
        >>> from polynet.dialects.scepter.modules.model.metrics.registry import METRICS
        >>> METRICS is polynet.dialects.scepter.METRICS
        True
    """
    every = dict(paths)
    for path in paths:
        while path := path.rpartition(".")[0]:
            every.setdefault(path, ())
    for path, names in sorted(every.items()):
        module = _Path(f"{dialect}.{path}", dialect, tuple(names))
        for spelt in _spellings(path, spellings or {}):
            sys.modules[f"{dialect}.{spelt}"] = module
            parent, _, leaf = f"{dialect}.{spelt}".rpartition(".")
            vars(sys.modules[parent])[leaf] = module


def _spellings(path: str, spellings: Mapping[str, str]) -> list[str]:
    """A path in every way it may be written; the steps are independent of each other."""
    found = [""]
    for step in path.split("."):
        found = [f"{start}.{way}" for start in found for way in dict.fromkeys((step, spellings.get(step, step)))]
    return [each[1:] for each in found]


class _Path(ModuleType):
    """A module whose names are those of a dialect's package."""

    def __init__(self, name: str, dialect: str, names: tuple[str, ...]) -> None:
        super().__init__(
            name, f"Where `{name.removeprefix('polynet.dialects.')}` keeps {', '.join(names) or 'modules'}."
        )
        self.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        self.__path__: list[str] = []  # so that it counts as a package, in which nothing else is to be found
        self.__package__ = name
        self.__all__ = list(names)
        self._dialect = dialect

    def __getattr__(self, name: str) -> Any:
        if name in vars(self).get("__all__", ()):
            return getattr(sys.modules[self._dialect], name)
        message = f"module {self.__name__!r} has no attribute {name!r}.{suggest(name, vars(self).get('__all__', ()))}"
        raise AttributeError(message)

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *self.__all__])
