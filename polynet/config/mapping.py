"""`Config`: a nested mapping with attribute access, deep merging, dotted overrides and freezing."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from polynet.config.limits import check_key, check_structure
from polynet.config.merging import merged
from polynet.config.overrides import parse_assignment, parse_overrides, refuse_paths, with_override
from polynet.config.plain import plain
from polynet.errors import ConfigKeyError, ConfigTypeError, suggest

Self = TypeVar("Self", bound="Config")


class Missing:
    """Stands in a `diff` for a value that one side does not have."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


class Config(dict[Any, Any]):
    """A config: plain data, nested, reached by item or by attribute.

    Mappings put into it, also those inside lists and tuples, become `Config`s themselves and are copied: nothing is
    shared with the caller. Classes, tensors and other leaves are kept as they are.

    A key that has the name of a method (`items`, `merge` …) is reached as an item: `config["items"]`.

    Args:
        values: A mapping, or pairs of key and value.
        **more: Further keys; they win.

    Raises:
        ConfigTypeError: Not a mapping, or a key is neither a string nor an integer.
        ConfigError: The values contain themselves or are nested too deep.

    Example:
        >>> config = Config({"model": {"name": "resnet18", "head": {"width": 0}}})
        >>> config.model.head.width
        0
        >>> config.merge({"model": {"head": {"width": 64}}}).to_dict()
        {'model': {'name': 'resnet18', 'head': {'width': 64}}}
    """

    __slots__ = ("_frozen",)

    def __new__(cls: type[Self], *arguments: Any, **more: Any) -> Self:
        """Make an empty config that can be changed; pickle and copy start from one, too."""
        config = super().__new__(cls)
        object.__setattr__(config, "_frozen", False)
        return config

    def __init__(self, values: Any = None, /, **more: Any) -> None:
        super().__init__()
        if values is not None or more:
            both = {**_as_mapping(values), **more}
            check_structure(both)
            for key, value in both.items():
                super().__setitem__(key, _converted(value, type(self)))

    def __missing__(self, key: Any) -> Any:
        message = f"The config has no key {key!r}.{suggest(key, self)}"
        raise ConfigKeyError(message)

    def __getattr__(self, name: str) -> Any:
        if name in self and not (name.startswith("__") and name.endswith("__")):
            return self[name]
        if name.startswith("_"):
            # Protocols such as pickle's ask for names they can do without, and expect this very error.
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message)
        return self.__missing__(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(key for key in self if isinstance(key, str))]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"

    def to_dict(self) -> dict[Any, Any]:
        """A fresh nested dict, in which no `Config` is left; leaves are not copied."""
        return {key: plain(value) for key, value in self.items()}

    def clone(self: Self) -> Self:
        """A copy that shares no container with this one, and is not frozen; leaves are not copied."""
        return type(self)(self)

    copy = clone

    def diff(self, other: Mapping[Any, Any]) -> dict[str, tuple[Any, Any]]:
        """What differs: dotted keys to pairs of this config's value and the other's, `MISSING` where there is none.

        Example:
            >>> Config(a={"b": 1, "c": 2}).diff({"a": {"b": 1, "c": 3}, "d": 4})
            {'a.c': (2, 3), 'd': (MISSING, 4)}
        """
        return dict(_differences(self, _as_mapping(other), ()))

    def merge(self: Self, values: Any = None, /, *, strict: bool = False, **more: Any) -> Self:
        """Lay values over this config, as BaseCls does, and return it.

        Mappings are merged key by key; all else is replaced whole. `_delete_: True` in a mapping makes it replace, too.
        Keys are taken as they are, dots and all; a dotted key that leads to something in this config is refused, since
        only overrides are paths.

        Args:
            values: A mapping; overrides `["model.head.width=0"]` or `["model.head.width", "0"]`; or the path of a file.
            strict: Refuse keys that are not there yet.
            **more: Further keys; they win.

        Raises:
            ConfigError: In one of its kinds; this config is then unchanged.
        """
        result: Mapping[Any, Any] = self
        if isinstance(values, (str, os.PathLike)):
            values = type(self).fromfile(values)
        if isinstance(values, (list, tuple)) and not _are_pairs(values):
            result = _overridden(result, parse_overrides(values), strict=strict)
        elif values is not None:
            values = _as_mapping(values)
            check_structure(values)
            refuse_paths(self, values)
            result = merged(result, values, strict=strict)
        if more:
            check_structure(more)
            result = merged(result, more, strict=strict)
        return self._become(result)

    def override(self: Self, *assignments: str, strict: bool = False) -> Self:
        """Apply `"model.head.width=0"` and the like, and return this config.

        Raises:
            ConfigError: In one of its kinds; this config is then unchanged.

        Example:
            >>> Config(data=[{"x": 1}]).override("data.0.x=2", "model.head=null")
            Config({'data': [Config({'x': 2})], 'model': Config({'head': None})})
        """
        return self._apply([parse_assignment(assignment) for assignment in assignments], strict=strict)

    def _apply(self: Self, overrides: list[tuple[str, Any]], *, strict: bool) -> Self:
        return self._become(_overridden(self, overrides, strict=strict))

    def update(self, values: Any = None, /, **more: Any) -> None:
        """`merge`, under the name that mappings have for it."""
        self.merge(values, **more)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._check_thawed()
        check_key(key)
        check_structure({key: value})
        super().__setitem__(key, _converted(value, type(self)))

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or hasattr(type(self), name):
            message = f"{name!r} cannot be set as an attribute of a config; write config[{name!r}] = …"
            raise ConfigKeyError(message)
        self[name] = value

    def __delitem__(self, key: Any) -> None:
        self._check_thawed()
        if key not in self:
            self.__missing__(key)
        super().__delitem__(key)

    def __delattr__(self, name: str) -> None:
        del self[name]

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The value of a key, which is set to the default where it is missing."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Any, *default: Any) -> Any:
        """Remove a key and return its value, or the default where it is missing."""
        self._check_thawed()
        if key not in self and not default:
            self.__missing__(key)
        return super().pop(key, *default)

    def popitem(self) -> tuple[Any, Any]:
        """Remove and return the last pair of key and value."""
        self._check_thawed()
        if not self:
            message = "The config is empty."
            raise ConfigKeyError(message)
        return super().popitem()

    def clear(self) -> None:
        """Remove everything."""
        self._check_thawed()
        super().clear()

    def __ior__(self: Self, other: Any) -> Self:
        return self.merge(other)

    def __or__(self: Self, other: Any) -> Self:
        return self.clone().merge(other) if isinstance(other, Mapping) else NotImplemented

    def __ror__(self: Self, other: Any) -> Self:
        return type(self)(other).merge(self) if isinstance(other, Mapping) else NotImplemented

    @property
    def frozen(self) -> bool:
        """Whether this config refuses to be changed."""
        return bool(object.__getattribute__(self, "_frozen"))

    def freeze(self: Self) -> Self:
        """Refuse every change from now on, here and in the configs within; `clone()` gives one that can be changed."""
        object.__setattr__(self, "_frozen", True)
        for value in self.values():
            _freeze_within(value)
        return self

    def _check_thawed(self) -> None:
        if self.frozen:
            message = "The config is frozen; change a clone() of it."
            raise ConfigTypeError(message)

    def _check_can_become(self, result: Mapping[Any, Any]) -> None:
        """Refuse where a frozen part, here or further in, would change."""
        if result is self:
            return
        self._check_thawed()
        for key, value in result.items():
            mine = self.get(key)
            if isinstance(mine, Config) and isinstance(value, Mapping):
                mine._check_can_become(value)

    def _become(self: Self, result: Mapping[Any, Any]) -> Self:
        """Take over a merged mapping, in place, so that whoever holds a part of this config sees the change."""
        check_structure(result)
        self._check_can_become(result)
        self._take(result)
        return self

    def _take(self, result: Mapping[Any, Any]) -> None:
        for key in [key for key in self if key not in result]:
            super().__delitem__(key)
        for key, value in result.items():
            mine = self.get(key)
            if mine is value and key in self:
                continue
            if isinstance(mine, Config) and isinstance(value, Mapping):
                mine._take(value)
            else:
                super().__setitem__(key, _converted(value, type(self)))

    def __deepcopy__(self: Self, memo: dict[int, Any]) -> Self:
        return _restored(type(self), {key: copy.deepcopy(value, memo) for key, value in self.items()}, self.frozen)

    __copy__ = clone

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a class, its items and whether it is frozen."""
        return _restored, (type(self), dict(self), self.frozen)

    def dump(self, path: str | os.PathLike[str] | None = None, format: str | None = None) -> str:
        """Write this config as text, and to a file where a path is given; see `polynet.config.writing.dump`."""
        from polynet.config.writing import dump

        return dump(self, path, format)

    @classmethod
    def fromfile(cls: type[Self], path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> Self:
        """Read a config file; see `polynet.config.files.read`.

        Args:
            path: A `.py`, `.yaml`, `.yml`, `.json` or `.toml` file.
            overrides: Laid over what the file says: `["model.head.width=0"]`.

        Raises:
            ConfigFileError: The file is missing, unreadable, too large or of an unknown kind.
            ConfigError: It is not a config; the message gives file, line and column where they are known.
        """
        from polynet.config.files import read

        return cls(read(path))._apply(parse_overrides(overrides), strict=False)

    @classmethod
    def from_overrides(cls: type[Self], overrides: Iterable[str]) -> Self:
        """A config of overrides alone.

        Example:
            >>> Config.from_overrides(["model.head.width=0", "model.name=resnet18"])
            Config({'model': Config({'head': Config({'width': 0}), 'name': 'resnet18'})})
        """
        return cls()._apply(parse_overrides(overrides), strict=False)


def _as_mapping(values: Any) -> Mapping[Any, Any]:
    """A mapping, or pairs of key and value, as a mapping."""
    if isinstance(values, Mapping):
        return values
    if values is None:
        return {}
    if isinstance(values, (list, tuple)) and _are_pairs(values):
        for key, _ in values:
            check_key(key)
        return dict(values)
    hint = " To read a file, use Config.fromfile." if isinstance(values, (str, os.PathLike)) else ""
    message = f"A config is a mapping, not {type(values).__name__} {values!r:.80}.{hint}"
    raise ConfigTypeError(message)


def _are_pairs(values: list[Any] | tuple[Any, ...]) -> bool:
    return all(isinstance(value, (list, tuple)) and len(value) == 2 for value in values)


def _overridden(config: Mapping[Any, Any], overrides: list[tuple[str, Any]], *, strict: bool) -> Mapping[Any, Any]:
    for dotted, value in overrides:
        check_structure(value)
        config = with_override(config, dotted, value, strict=strict)
    return config


def _converted(value: Any, kind: type[Config]) -> Any:
    """A copy of a value in which every mapping is a config."""
    if isinstance(value, Mapping):
        return kind(value)
    if isinstance(value, list):
        return [_converted(item, kind) for item in value]
    if type(value) is tuple:
        return tuple(_converted(item, kind) for item in value)
    return plain(value)


def _freeze_within(value: Any) -> None:
    if isinstance(value, Config):
        value.freeze()
    elif isinstance(value, (list, tuple)):
        for item in value:
            _freeze_within(item)


def _differences(
    mine: Mapping[Any, Any], other: Mapping[Any, Any], path: tuple[str, ...]
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for key in [*mine, *(key for key in other if key not in mine)]:
        here = (*path, str(key))
        pair = (mine.get(key, MISSING), other.get(key, MISSING))
        if isinstance(pair[0], Mapping) and isinstance(pair[1], Mapping):
            yield from _differences(*pair, here)
        elif type(pair[0]) is not type(pair[1]) or pair[0] != pair[1]:
            yield ".".join(here), pair


def _restored(kind: type[Self], items: dict[Any, Any], frozen: bool) -> Self:
    """Rebuild from what pickle kept, without copying its parts again."""
    config = kind.__new__(kind)
    for key, value in items.items():
        dict.__setitem__(config, key, value)
    object.__setattr__(config, "_frozen", frozen)
    return config
