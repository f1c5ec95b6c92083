"""Containers with torch's interface and keys."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import megengine
import megengine.module as M

from polynet.errors import OptionError
from polynet.types import Tensor
from polynet_megengine.module import Module


def _index(owner: object, index: int, count: int) -> int:
    place = index.__index__()
    if not -count <= place < count:
        message = f"index {index} is out of range: {type(owner).__name__} holds {count}."
        raise IndexError(message)
    return place % count


def _check_module(owner: object, value: Any) -> Any:
    if not isinstance(value, M.Module):
        message = f"{type(owner).__name__} takes modules, not {type(value).__name__}."
        raise OptionError(message)
    return value


class Sequential(M.Sequential, Module):
    """Modules called one after another; given one by one, or by name in an `OrderedDict`."""

    def __init__(self, *args: Any) -> None:
        given = args[0].values() if len(args) == 1 and isinstance(args[0], OrderedDict) else args
        for each in given:
            _check_module(self, each)
        super().__init__(*args)
        self.layer_keys: list[str]

    def __getitem__(self, index: int | slice) -> Any:
        """A module, or a `Sequential` of several under their old names."""
        if isinstance(index, slice):
            return type(self)(OrderedDict((key, getattr(self, key)) for key in self.layer_keys[index]))
        return getattr(self, self.layer_keys[_index(self, index, len(self))])

    def __setitem__(self, index: int, module: M.Module) -> None:
        """Replace a module."""
        setattr(self, self.layer_keys[_index(self, index, len(self))], _check_module(self, module))

    def __delitem__(self, index: int | slice) -> None:
        """Remove modules; those behind move up, as in torch."""
        keys = self.layer_keys[index] if isinstance(index, slice) else [self.layer_keys[_index(self, index, len(self))]]
        self._replace([getattr(self, key) for key in self.layer_keys if key not in keys])

    def __iter__(self) -> Iterator[M.Module]:
        """The modules in order."""
        return iter([getattr(self, key) for key in self.layer_keys])

    def append(self, module: M.Module) -> Sequential:
        """Add a module at the end; returns the container."""
        return self.insert(len(self), module)

    def extend(self, modules: Iterable[M.Module]) -> Sequential:
        """Add modules at the end; returns the container."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: M.Module) -> Sequential:
        """Add a module before another; returns the container. Those behind it move to the next number."""
        _check_module(self, module)
        count = len(self)
        if not -count <= index <= count:
            message = f"index {index} is out of range: {type(self).__name__} holds {count}."
            raise IndexError(message)
        place = index + count if index < 0 else index
        if place == count:
            setattr(self, str(count), module)
            self.layer_keys.append(str(count))
        else:
            modules = list(self)
            self._replace([*modules[:place], module, *modules[place:]])
        return self

    def add_module(self, name: str, module: M.Module | None) -> None:
        """Add a module under a name, at the end."""
        super().add_module(name, module)
        if module is not None and name not in self.layer_keys:
            self.layer_keys.append(name)

    def _replace(self, modules: Sequence[M.Module]) -> None:
        """Number the modules anew."""
        for key in self.layer_keys:
            delattr(self, key)
        self.layer_keys = [str(at) for at in range(len(modules))]
        for key, module in zip(self.layer_keys, modules, strict=True):
            setattr(self, key, module)

    forward = M.Sequential.forward


class _Numbered(Module):
    """Members under the attributes `"0"`, `"1"` …, which makes the keys those of torch."""

    _count: int

    def __init__(self, members: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._count = 0
        self.extend(() if members is None else members)

    def _checked(self, value: Any) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        """How many members there are."""
        return self._count

    def __iter__(self) -> Iterator[Any]:
        """The members in order."""
        return iter([getattr(self, str(at)) for at in range(self._count)])

    def __contains__(self, member: object) -> bool:
        """Whether this very object is a member."""
        return any(member is each for each in self)

    def __getitem__(self, index: int | slice) -> Any:
        """A member, or a container of several."""
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, str(_index(self, index, self._count)))

    def __setitem__(self, index: int, member: Any) -> None:
        """Replace a member."""
        setattr(self, str(_index(self, index, self._count)), self._checked(member))

    def __delitem__(self, index: int | slice) -> None:
        """Remove members; those behind move up."""
        members = list(self)
        del members[index]
        self._replace(members)

    def __iadd__(self, members: Iterable[Any]) -> Any:
        """Add members at the end."""
        return self.extend(members)

    def append(self, member: Any) -> Any:
        """Add a member at the end; returns the container."""
        setattr(self, str(self._count), self._checked(member))
        self._count += 1
        return self

    def extend(self, members: Iterable[Any]) -> Any:
        """Add members at the end; returns the container."""
        for member in [self._checked(each) for each in members]:
            self.append(member)
        return self

    def insert(self, index: int, member: Any) -> None:
        """Add a member before another."""
        self._checked(member)
        members = list(self)
        members.insert(index, member)
        self._replace(members)

    def pop(self, index: int = -1) -> Any:
        """Remove a member and return it."""
        member = self[index]
        del self[_index(self, index, self._count)]
        return member

    def _replace(self, members: Sequence[Any]) -> None:
        for at in range(self._count):
            delattr(self, str(at))
        self._count = 0
        for member in members:
            self.append(member)


class ModuleList(_Numbered):
    """A list of modules."""

    def __init__(self, modules: Iterable[M.Module] | None = None) -> None:
        super().__init__(modules)

    def _checked(self, value: Any) -> Any:
        return _check_module(self, value)


class ParameterList(_Numbered):
    """A list of parameters."""

    def __init__(self, values: Iterable[Tensor] | None = None) -> None:
        super().__init__(values)

    def _checked(self, value: Any) -> Any:
        if not isinstance(value, megengine.Tensor):
            message = f"{type(self).__name__} takes parameters, not {type(value).__name__}."
            raise OptionError(message)
        return value if isinstance(value, megengine.Parameter) else megengine.Parameter(value)


class ModuleDict(Module):
    """A dictionary of modules in the order of their insertion."""

    def __init__(self, modules: Mapping[str, M.Module] | Iterable[tuple[str, M.Module]] | None = None) -> None:
        super().__init__()
        self._keys: tuple[str, ...] = ()
        self.update({} if modules is None else modules)

    def __getitem__(self, key: str) -> M.Module:
        """The module under a key."""
        if key not in self._keys:
            message = f"{key!r} is not among {', '.join(map(repr, self._keys)) or 'no keys'}."
            raise KeyError(message)
        return getattr(self, key)

    def __setitem__(self, key: str, module: M.Module) -> None:
        """Add or replace a module."""
        _check_module(self, module)
        if key not in self._keys:
            self._check_member(key)
        setattr(self, key, module)
        if key not in self._keys:
            self._keys = (*self._keys, key)

    def __delitem__(self, key: str) -> None:
        """Remove a module."""
        self[key]
        delattr(self, key)
        self._keys = tuple(each for each in self._keys if each != key)

    def __len__(self) -> int:
        """How many modules there are."""
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        """The keys."""
        return iter(self._keys)

    def __contains__(self, key: object) -> bool:
        """Whether there is such a key."""
        return key in self._keys

    def keys(self) -> Iterable[str]:
        """The keys in order."""
        return self._keys

    def values(self) -> Iterable[M.Module]:
        """The modules in order."""
        return [getattr(self, key) for key in self._keys]

    def items(self) -> Iterable[tuple[str, M.Module]]:
        """Keys and modules in order."""
        return [(key, getattr(self, key)) for key in self._keys]

    def update(self, modules: Mapping[str, M.Module] | Iterable[tuple[str, M.Module]]) -> None:
        """Add or replace several modules."""
        for key, module in modules.items() if isinstance(modules, Mapping) else modules:
            self[key] = module

    def pop(self, key: str) -> M.Module:
        """Remove a module and return it."""
        module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Remove every module."""
        for key in self._keys:
            delattr(self, key)
        self._keys = ()
