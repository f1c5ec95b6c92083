"""The methods that a `.py` config may call on its mappings and lists, and the mappings that come of base files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polynet.config.merging import DELETE, merged
from polynet.config.python_operations import Refused
from polynet.errors import ConfigError, suggest


class ConfigDict(dict[Any, Any]):
    """A mapping that comes of a base file, as MMEngine's `ConfigDict` is: its keys are attributes, `update` goes deep.

    A mapping that a file makes itself is a plain dictionary, on which `update` replaces what is under a key. What is
    put into one of these becomes one of these.
    """


def converted(value: Any) -> Any:
    """A copy of a value in which every mapping is a `ConfigDict`, as a file sees what its bases define.

    Example:
        >>> converted([{"a": {}}])[0]["a"].__class__.__name__
        'ConfigDict'
    """
    if isinstance(value, dict):
        return ConfigDict((key, converted(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return type(value)(converted(item) for item in value)
    return value


def put(container: Any, key: Any, value: Any) -> None:
    """Assign an element; a `ConfigDict` takes plain mappings, lists and tuples as copies of itself."""
    container[key] = _taken_in(value) if isinstance(container, ConfigDict) else value


def attribute(owner: Any, name: str) -> Any:
    """The value under a key of a `ConfigDict`, reached as an attribute.

    Raises:
        Refused: It has no such key, or the key has the name of a method; or the owner is no `ConfigDict`.
    """
    check_attribute(owner, name)
    if name not in owner:
        message = f"there is no key {name!r}.{suggest(name, owner)}"
        raise Refused(message)
    return owner[name]


def check_attribute(owner: Any, name: str) -> None:
    """Refuse an attribute that is no key.

    Raises:
        Refused: The owner is no `ConfigDict`, or all of them have a method of that name.
    """
    if type(owner) is dict:
        message = (
            f"the attribute {name!r} cannot be reached: a dict made in the file itself is indexed, as in [{name!r}]"
        )
        raise Refused(message)
    if not isinstance(owner, ConfigDict):
        message = f"the attribute {name!r} cannot be reached: only modules and mappings of base files have any here"
        raise Refused(message)
    if hasattr(owner, name) or name == "merge":
        message = f"{name!r} is a method of every mapping, and no value; the key is reached as [{name!r}]"
        raise Refused(message)


def find_method(owner: Any, name: str) -> Callable[..., Any]:
    """The method of a mapping or list that a config calls.

    Raises:
        Refused: There is none that may be called.
    """
    kind = next((kind for kind in METHODS if isinstance(owner, kind)), None)
    if kind is None:
        message = f"the method {name!r} cannot be called: a config calls those of mappings and lists alone"
        raise Refused(message)
    methods = METHODS[kind]
    if name in methods:
        return methods[name]
    if name == "merge" and kind is dict:
        message = "`merge` is a method of mappings of base files; a dict made in the file itself has `update`"
        raise Refused(message)
    near = suggest(name, methods)
    message = f"{name!r} is no method of a {kind.__name__} in a config; {', '.join(methods)} are.{near}"
    raise Refused(message)


def _taken_in(value: Any) -> Any:
    """A value as a `ConfigDict` takes it in: plain containers are copied, another `ConfigDict` stays the same one."""
    if type(value) is dict:
        return ConfigDict((key, _taken_in(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return type(value)(_taken_in(item) for item in value)
    return value


def _update(owner: ConfigDict, other: Any = (), /, **more: Any) -> None:
    """MMEngine's: mappings are updated in turn, all else is replaced; there is no `_delete_`."""
    changes = {**_mapping("update", other), **more} if other != () else more
    if DELETE in changes:
        message = f"`update` adds to what there is and knows no `{DELETE}`; `merge` does"
        raise Refused(message)
    for key, value in changes.items():
        if isinstance(owner.get(key), ConfigDict) and isinstance(value, dict):
            _update(owner[key], value)
        else:
            put(owner, key, value)


def _merge(owner: ConfigDict, other: Any, /) -> None:
    """MMEngine's: mappings are merged in turn, all else is replaced, and `_delete_` replaces mappings, too."""
    try:
        values = converted(merged(owner, _mapping("merge", other)))
    except ConfigError as error:
        raise Refused(str(error)) from error
    owner.clear()
    owner.update(values)


def _update_plainly(owner: dict[Any, Any], other: Any = (), /, **more: Any) -> None:
    owner.update({**_mapping("update", other), **more} if other != () else more)


def _mapping(method: str, value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, dict):
        message = f"`{method}` takes a mapping, not {type(value).__name__}"
        raise Refused(message)
    _check_keys(value)
    return value


def _check_keys(values: Mapping[Any, Any]) -> None:
    for key in values:
        _check_key(key)


def _check_key(key: Any) -> None:
    if not isinstance(key, (str, int)):
        message = f"a key is a string or an integer, not {type(key).__name__}"
        raise Refused(message)


def _pop_or_none(owner: ConfigDict, key: Any, default: Any = None, /) -> Any:
    _check_key(key)
    return owner.pop(key, default)


def _pop(owner: dict[Any, Any], key: Any, *default: Any) -> Any:
    _check_key(key)
    if key not in owner and not default:
        message = f"there is no key {key!r}.{suggest(key, owner)}"
        raise Refused(message)
    return owner.pop(key, *default)


def _get(owner: dict[Any, Any], key: Any, default: Any = None) -> Any:
    _check_key(key)
    return owner.get(key, default)


def _setdefault(owner: dict[Any, Any], key: Any, default: Any = None) -> Any:
    _check_key(key)
    if key in owner:
        return owner[key]
    put(owner, key, default)
    return default  # of which a `ConfigDict` holds a copy, as MMEngine's does


def _copy(owner: Any) -> Any:
    """A copy of one level; of a `ConfigDict`, lists are copied with it and mappings are not, as MMEngine has it."""
    if isinstance(owner, ConfigDict):
        return ConfigDict((key, _taken_in(value)) for key, value in owner.items())
    return type(owner)(owner)


def _extend(owner: list[Any], values: Any, /) -> None:
    if not isinstance(values, (list, tuple)):
        message = f"`extend` takes a list, not {type(values).__name__}"
        raise Refused(message)
    owner.extend(values)


_OF_MAPPINGS: dict[str, Callable[..., Any]] = {
    "get": _get,
    "setdefault": _setdefault,
    "copy": _copy,
    "clear": dict.clear,
}

METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    ConfigDict: {"update": _update, "merge": _merge, "pop": _pop_or_none, **_OF_MAPPINGS},
    dict: {"update": _update_plainly, "pop": _pop, **_OF_MAPPINGS},
    list: {
        "append": list.append,
        "extend": _extend,
        "insert": list.insert,
        "pop": list.pop,
        "copy": _copy,
        "clear": list.clear,
    },
}
"""The methods by kind of container; the special kind stands before the general one."""
