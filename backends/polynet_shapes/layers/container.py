"""Containers: modules and parameters in order, or by name."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, ClassVar

from polynet.errors import InputIndexError
from polynet_shapes.module import Module
from polynet_shapes.tensor import ShapeParameter


class _Ordered(Module):
    """A list of entries, named "0", "1" and so on, among a module's children or parameters.

    Attributes:
        store: The dictionary that holds the entries.
    """

    store: ClassVar[str] = "_modules"

    @property
    def _entries(self) -> dict[str, Any]:
        entries: dict[str, Any] = self.__dict__[self.store]
        return entries

    def _key(self, index: int) -> str:
        if not -len(self) <= index < len(self):
            message = f"Index {index} lies outside a {type(self).__name__} of {len(self)}."
            raise InputIndexError(message)
        return list(self._entries)[index]

    def _replace(self, values: Iterable[Any]) -> None:
        """Hold these values instead, numbered anew."""
        values = list(values)
        self._entries.clear()
        for position, value in enumerate(values):
            self._put(str(position), value)

    def _put(self, name: str, value: Any) -> None:
        (self.add_module if self.store == "_modules" else self.register_parameter)(name, value)

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Any]:
        """The entries in order."""
        return iter(self._entries.values())

    def __getitem__(self, index: int | slice) -> Any:
        """An entry, or a container of the same kind with several."""
        if isinstance(index, slice):
            return self._sliced(dict(list(self._entries.items())[index]))
        return self._entries[self._key(index)]

    def _sliced(self, entries: dict[str, Any]) -> Any:
        return type(self)(list(entries.values()))  # type: ignore[call-arg] # both list classes take an iterable

    def __setitem__(self, index: int, value: Any) -> None:
        """Put another entry in the place of one."""
        self._put(self._key(index), value)

    def __delitem__(self, index: int | slice) -> None:
        """Take entries out and number the rest anew."""
        gone = list(self._entries)[index] if isinstance(index, slice) else [self._key(index)]
        self._replace(value for name, value in self._entries.items() if name not in gone)

    def append(self, value: Any) -> Any:
        """Add an entry at the end."""
        self._put(str(len(self)), value)
        return self

    def extend(self, values: Iterable[Any]) -> Any:
        """Add entries at the end."""
        for value in values:
            self.append(value)
        return self

    def insert(self, index: int, value: Any) -> Any:
        """Add an entry before another."""
        values = list(self)
        values.insert(index, value)
        self._replace(values)
        return self


class Sequential(_Ordered):
    """Modules run one after another."""

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], Mapping) else enumerate(args)
        for name, module in named:
            self.add_module(str(name), module)

    def _sliced(self, entries: dict[str, Any]) -> Any:
        return Sequential(entries)

    def forward(self, input: Any) -> Any:
        """Run them."""
        for module in self:
            input = module(input)
        return input


class ModuleList(_Ordered):
    """A list of modules."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())


class ParameterList(_Ordered):
    """A list of parameters."""

    store = "_parameters"

    def __init__(self, values: Iterable[ShapeParameter] | None = None) -> None:
        super().__init__()
        self.extend(values or ())


class ModuleDict(Module):
    """A dictionary of modules."""

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    @property
    def _entries(self) -> dict[str, Any]:
        entries: dict[str, Any] = self.__dict__["_modules"]
        return entries

    def __len__(self) -> int:
        """Number of modules."""
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        """Whether there is a module of that name."""
        return key in self._modules

    def __getitem__(self, key: str) -> Any:
        """The module of that name."""
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        """Add or replace a module."""
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        """Take a module out."""
        del self._modules[key]

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._entries.keys()

    def values(self) -> ValuesView[Any]:
        """The modules."""
        return self._entries.values()

    def items(self) -> ItemsView[str, Any]:
        """Names and modules."""
        return self._entries.items()

    def update(self, modules: Mapping[str, Module]) -> None:
        """Add or replace several modules."""
        for name, module in modules.items():
            self[name] = module
