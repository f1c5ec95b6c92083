"""Registries of what is no network: hooks, schedules, data sets, transforms; names to classes, imported when used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from polynet.config.normal_form import SELECTORS, normalise
from polynet.config.references import ClassReference
from polynet.errors import (
    ConfigKeyError,
    ConfigTypeError,
    DuplicateNameError,
    OptionError,
    PolyNetError,
    UnknownNameError,
    suggest,
)

Part = TypeVar("Part", bound=Callable[..., Any])


class PartRegistry:
    """Names of parts of one kind, and the classes they stand for.

    Args:
        kind: What the parts are, for messages: `"hook"`.
        homes: For each name that ships, where it is found: `"module:Class"`; the class's name may be left out where it
            is the same. Nothing is imported until a name is looked up.

    Example:
        >>> registry = PartRegistry("number", {"Fraction": "fractions", "Decimal": "decimal:Decimal"})
        >>> registry.build({"type": "Fraction", "numerator": 3, "denominator": 4})
        Fraction(3, 4)
        >>> registry.get("Fractoin")
        Traceback (most recent call last):
        ...
        polynet.errors.UnknownNameError: There is no number 'Fractoin'. Did you mean 'Fraction'? There are: Decimal, ...
    """

    def __init__(self, kind: str, homes: Mapping[str, str]) -> None:
        self.kind = kind
        self._homes = dict(homes)
        self._added: dict[str, Any] = {}

    def register_module(
        self, name: str | None = None, *, force: bool = False, module: Any = None
    ) -> Callable[[Part], Part]:
        """Register a class under its own name or another: `@HOOKS.register_module()`.

        Raises:
            DuplicateNameError: Another class has that name, and `force` is not set.
            OptionError: What is registered cannot be called.
        """

        def add(part: Part) -> Part:
            if not callable(part):
                message = f"A {self.kind} is a class or a function, not {part!r:.80}."
                raise OptionError(message)
            key = name or part.__name__
            taken = self._added.get(key)
            again = taken is not None and _identity(taken) == _identity(part)
            if not force and not again and key in self:
                message = f"The {self.kind} {key!r} is registered already. force=True replaces it."
                raise DuplicateNameError(message)
            self._added[key] = part
            return part

        return add if module is None else add(module)

    def register(self, name: Any = None, *, force: bool = False) -> Any:
        """Register, with or without parentheses: `@HOOKS.register`, `@HOOKS.register("Mine")`."""
        if name is not None and not isinstance(name, str):
            return self.register_module(force=force)(name)
        return self.register_module(name, force=force)

    def register_class(self, name: str | None = None, *, force: bool = False) -> Callable[[Part], Part]:
        """Register as EssentialMC2 and Scepter do: `@HOOKS.register_class()`."""
        return self.register_module(name, force=force)

    def get(self, name: str) -> Any:
        """The class of this name.

        Raises:
            UnknownNameError: There is none.
        """
        if name in self._added:
            return self._added[name]
        if name not in self._homes:
            message = f"There is no {self.kind} {name!r}.{suggest(name, self)} There are: {', '.join(sorted(self))}."
            raise UnknownNameError(message)
        module, _, attribute = self._homes[name].partition(":")
        return getattr(importlib.import_module(module), attribute or name)

    def where(self, name: str) -> str:
        """Where the class of this name is defined, as `path:line`, without importing it.

        Raises:
            UnknownNameError: There is none.
        """
        from polynet.registry.listing import location

        if name in self._added or name not in self._homes:
            return location(self.get(name))
        module, _, attribute = self._homes[name].partition(":")
        return location(f"{module}:{attribute or name}")

    def build(self, config: Any, **defaults: Any) -> Any:
        """Make a part from its config.

        Args:
            config: A mapping with `type` (or `name`) and the class's arguments, a name alone, or a part that is made
                already, which is returned as it is. It is not changed.
            **defaults: Arguments that the config may override.

        Raises:
            ConfigTypeError: It is nothing of the kind.
            ConfigKeyError: There is no `type`.
            UnknownNameError: There is no part of that name.
            OptionError: The class has no such argument, or cannot use its value.
        """
        if isinstance(config, (str, type, ClassReference)):
            config = {"type": config}
        if not isinstance(config, Mapping):
            if config is None or isinstance(config, (bool, int, float, list, tuple)):
                # A list may hold arrays, which say little in a message.
                given = f"a {type(config).__name__} of {len(config)}" if isinstance(config, (list, tuple)) else config
                message = f"The config of a {self.kind} is a mapping with `type`, not {given!s:.80}."
                raise ConfigTypeError(message)
            return config
        arguments = normalise(config)
        if arguments.get("name") is None:
            near = next((f" Is {key!r} meant for it?" for key in config if suggest(key, SELECTORS)), "")
            message = (
                f"The config of a {self.kind} needs `type`; it has {', '.join(map(str, config)) or 'nothing'}.{near}"
            )
            raise ConfigKeyError(message)
        chosen = arguments.pop("name")
        target = self._target(chosen)
        return self._made(target, {**defaults, **arguments}, chosen if isinstance(chosen, str) else _name(target))

    def _target(self, chosen: Any) -> Any:
        if isinstance(chosen, ClassReference):
            return chosen.resolve()
        return self.get(chosen) if isinstance(chosen, str) else chosen

    def _made(self, target: Any, arguments: Mapping[str, Any], written: str) -> Any:
        try:
            return target(**arguments)
        except PolyNetError as error:
            _mention(written, _name(target), error)
            raise
        except TypeError as error:
            from polynet.nn.explain import explain_call

            explain_call(target, (), dict(arguments), error)
            raise

    def __contains__(self, name: object) -> bool:
        return name in self._added or name in self._homes

    def __iter__(self) -> Iterator[str]:
        yield from {**self._homes, **self._added}

    def __repr__(self) -> str:
        """The kind, and how many names there are."""
        return f"<registry of {self.kind}s: {len({*self._homes, *self._added})} names>"


def _mention(written: str, name: str, error: PolyNetError) -> None:
    """Begin an error's message with the part's name as the config has it, which may be another than the class's."""
    if error.args:
        said = str(error.args[0]).removeprefix(f"{name}: ").removeprefix(f"{written}: ")
        error.args = (f"{written}: {said}", *error.args[1:])


def _identity(part: Any) -> tuple[Any, Any]:
    return getattr(part, "__module__", None), getattr(part, "__qualname__", None)


def _name(target: Any) -> str:
    return str(getattr(target, "__name__", target))
