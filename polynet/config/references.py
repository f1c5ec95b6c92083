"""A class named in a config file: a reference that is resolved when the network is built, and not before."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from polynet.errors import ConfigError


class ClassReference:
    """The name of a class or constructor function: `module:Name`.

    A config file may import a class and name it (`head=dict(name=AlexNetHead)`); reading the file runs nothing, so the
    import is only noted down as one of these. `resolve()` performs it.

    Args:
        path: `"package.module:Name"`, or `"package.module:Outer.Name"`.

    Raises:
        ConfigError: It does not read so.

    Example:
        >>> ClassReference("polynet.nn:Linear")
        ClassReference('polynet.nn:Linear')
    """

    __slots__ = ("path",)

    path: str

    def __init__(self, path: str) -> None:
        module, _, name = path.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
            message = f"A reference to a class reads 'package.module:Name', not {path!r}."
            raise ConfigError(message)
        object.__setattr__(self, "path", path)

    def __setattr__(self, name: str, value: object) -> None:
        message = f"A {type(self).__name__} cannot be changed."
        raise AttributeError(message)

    def __reduce__(self) -> tuple[type[ClassReference], tuple[str]]:
        """Pickle and copy by the path."""
        return type(self), (self.path,)

    def __eq__(self, other: object) -> bool:
        """Equal references name the same thing."""
        return isinstance(other, ClassReference) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def resolve(self) -> Any:
        """Import the module and return the class or function.

        Only what can be part of a network is returned: a module class of a framework or of PolyNet, or whatever is
        registered. A config from elsewhere can thus name no other function to be called.

        Raises:
            ConfigError: It cannot be imported, or is neither a module class nor registered.
        """
        module, _, name = self.path.partition(":")
        try:
            found = functools.reduce(_attribute, name.split("."), importlib.import_module(module))
        except Exception as error:  # an imported module may fail in any way
            message = f"The config names {self.path}, which cannot be imported: {error}"
            raise ConfigError(message) from error
        if not _may_be_built(found):
            message = (
                f"The config names {self.path}, which is neither a module class nor registered; a config may have "
                f"nothing else called. Register it with polynet.registry."
            )
            raise ConfigError(message)
        return found


def _attribute(owner: Any, name: str) -> Any:
    """An attribute, or a submodule not yet imported."""
    try:
        return getattr(owner, name)
    except AttributeError:
        if not hasattr(owner, "__path__"):
            raise
        return importlib.import_module(f"{owner.__name__}.{name}")


def _may_be_built(found: Any) -> bool:
    from polynet.backend import backend_of_class
    from polynet.nn import Module
    from polynet.registry.store import entries

    if isinstance(found, type) and (backend_of_class(found) is not None or issubclass(found, Module)):
        return True
    return any(found is registered for registered in entries().values())


def is_class_like(value: object) -> bool:
    """Whether a value can stand where a name may: a class, a function, or a reference to one."""
    return isinstance(value, ClassReference) or (callable(value) and hasattr(value, "__name__")) or _is_partial(value)


def _is_partial(value: object) -> bool:
    return isinstance(value, functools.partial)
