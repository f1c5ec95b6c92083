"""From a mapping to a typed part: a frozen attrs class, with every key and every value's type checked."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from polynet.config.limits import check_structure
from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError, PolyNetError, suggest

if typing.TYPE_CHECKING:
    import attrs

Part = TypeVar("Part")


def structure(cls: type[Part], mapping: Any, where: str = "") -> Part:
    """Build an attrs class from a mapping.

    Values are checked against the fields' annotations: plain types, None, unions, `Literal`, tuples, lists, mappings,
    callables and further attrs classes (given as mappings, or built already). An integer passes for a float and a
    list for a tuple. A field with a converter takes what its converter takes; validators run as usual.

    Args:
        cls: The attrs class.
        mapping: Its values by name; an instance of the class is returned as it is.
        where: The place in the config, for messages: `"solver.optimizer"`.

    Raises:
        ConfigKeyError: An unknown key, the nearest named; or a key is missing.
        ConfigTypeError: Not a mapping, or a value of the wrong type.
        ConfigError: A validator refused a value.

    Example:
        >>> import attrs
        >>> @attrs.frozen
        ... class Crop:
        ...     size: int
        ...     percent: float = 0.875
        >>> structure(Crop, {"size": 224})
        Crop(size=224, percent=0.875)
        >>> structure(Crop, {"size": 224, "pct": 1}, "test")
        Traceback (most recent call last):
        ...
        polynet.errors.ConfigKeyError: 'test' has no key 'pct'; its keys are size, percent. Did you mean 'percent'?
    """
    place = where or cls.__name__
    if isinstance(mapping, cls):
        return mapping
    if not isinstance(mapping, Mapping):
        message = f"{place!r} is a mapping, not {type(mapping).__name__} {mapping!r:.80}."
        raise ConfigTypeError(message)
    check_structure(mapping)
    fields = {field.alias: field for field in _fields(cls) if field.init}
    for key in mapping:
        if key not in fields:
            message = f"{place!r} has no key {key!r}; its keys are {', '.join(map(str, fields))}.{suggest(key, fields)}"
            raise ConfigKeyError(message)
    missing = [key for key, field in fields.items() if _is_required(field) and key not in mapping]
    if missing:
        message = f"{place!r} lacks the key{'s' if len(missing) > 1 else ''} {', '.join(map(str, missing))}."
        raise ConfigKeyError(message)
    arguments = {key: _value(fields[key], value, f"{where}.{key}" if where else key) for key, value in mapping.items()}
    try:
        return cls(**arguments)
    except PolyNetError:
        raise
    except (TypeError, ValueError) as error:
        message = f"{place!r} is not valid: {error}"
        raise ConfigError(message) from error


def _fields(cls: type) -> tuple[attrs.Attribute[Any], ...]:
    """The fields of an attrs class, their annotations resolved."""
    import attrs

    if not attrs.has(cls):
        message = f"{cls.__qualname__} is not an attrs class."
        raise ConfigTypeError(message)
    return tuple(attrs.fields(attrs.resolve_types(cls)))


def _is_required(field: attrs.Attribute[Any]) -> bool:
    import attrs

    return field.default is attrs.NOTHING


def _value(field: attrs.Attribute[Any], value: Any, where: str) -> Any:
    """A field's value, as its annotation wants it; left to the converter where there is one."""
    if field.converter is not None or field.type is None:
        return value
    return _as_type(field.type, value, where)


def _as_type(wanted: Any, value: Any, where: str) -> Any:
    """The value as a type wants it.

    Raises:
        ConfigTypeError: It is not of that type.
    """
    origin = get_origin(wanted)
    if wanted is Any or isinstance(wanted, TypeVar):
        return value
    if origin in (Union, types.UnionType):
        return _as_one_of(wanted, value, where)
    if origin is Literal:
        if any(type(value) is type(allowed) and value == allowed for allowed in get_args(wanted)):
            return value
        allowed = ", ".join(map(repr, get_args(wanted)))
        message = f"{where!r} is one of {allowed}, not {value!r:.80}.{suggest(value, get_args(wanted))}"
        raise ConfigError(message)
    if wanted is None or wanted is type(None):
        return value if value is None else _refuse("None", value, where)
    kind = origin or wanted
    if not isinstance(kind, type):
        return value
    return _as_kind(kind, get_args(wanted), value, where)


def _as_one_of(union: Any, value: Any, where: str) -> Any:
    """The value as the first member of a union that takes it."""
    members = get_args(union)
    refusals: list[tuple[Any, ConfigError]] = []
    for member in members:
        try:
            return _as_type(member, value, where)
        except ConfigError as error:  # noqa: PERF203 - one of the few members is expected to refuse
            refusals.append((member, error))
    if isinstance(value, Mapping):
        for member, refusal in refusals:
            if _is_attrs(member):
                raise refusal  # says which key is wrong, where the union could only say that nothing fits
    return _refuse(" or ".join(_described(member) for member in members), value, where)


def _as_kind(kind: type[Any], parameters: tuple[Any, ...], value: Any, where: str) -> Any:
    """The value as a plain, container or attrs type wants it."""
    if _is_attrs(kind):
        return structure(kind, value, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**1023:
        return float(value)
    if issubclass(kind, int) and kind is not bool and isinstance(value, bool):
        return _refuse(_described(kind), value, where)
    if kind is tuple:
        return _as_tuple(parameters, value, where)
    if kind is type:
        return value if isinstance(value, type) else _refuse("a class", value, where)
    if kind is get_origin(Callable[..., Any]):
        return value if callable(value) else _refuse("callable", value, where)
    if not isinstance(value, kind) or (isinstance(value, str) and kind is not str and issubclass(kind, Sequence)):
        return _refuse(_described(kind), value, where)
    if isinstance(value, Mapping) and parameters:
        return {
            _as_type(parameters[0], key, where): _as_type(parameters[1], item, f"{where}.{key}")
            for key, item in value.items()
        }
    if isinstance(value, Sequence) and kind is not str and parameters:
        return [_as_type(parameters[0], item, f"{where}.{number}") for number, item in enumerate(value)]
    return value


def _as_tuple(parameters: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    """A list or tuple as a tuple of the given types."""
    if not isinstance(value, (list, tuple)):
        return _refuse("a list", value, where)  # type: ignore[no-any-return]  # it only raises
    if not parameters:
        return tuple(value)
    if len(parameters) == 2 and parameters[1] is Ellipsis:
        parameters = parameters[:1] * len(value)
    if len(parameters) != len(value):
        message = f"{where!r} has {len(parameters)} values, not {len(value)}: {value!r:.80}."
        raise ConfigError(message)
    return tuple(
        _as_type(wanted, item, f"{where}.{number}")
        for number, (wanted, item) in enumerate(zip(parameters, value, strict=True))
    )


def _is_attrs(kind: Any) -> bool:
    import attrs

    return isinstance(kind, type) and attrs.has(kind)


def _described(kind: Any) -> str:
    if _is_attrs(kind):
        return "a mapping"
    return "None" if kind is type(None) else str(getattr(kind, "__name__", kind))


def _refuse(wanted: str, value: Any, where: str) -> Any:
    message = f"{where!r} must be {wanted}, not {type(value).__name__} {value!r:.80}."
    raise ConfigTypeError(message)
