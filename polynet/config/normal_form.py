"""The normal form of a component's config, and the three spellings read into it.

In the normal form `name` selects what is built and the other keys are its keyword arguments. BaseCls writes it so;
OpenMMLab and EssentialMC2 call the selector `type`; Scepter calls it `NAME` and writes the other keys in upper case
as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.config.limits import check_structure
from polynet.config.plain import plain
from polynet.config.references import is_class_like
from polynet.errors import ConfigError, ConfigTypeError

SELECTORS = ("name", "type", "NAME")


def normalise(config: Mapping[str, Any]) -> dict[str, Any]:
    """Read one component's config into the normal form `{"name": …, **arguments}`.

    Only this level is read: components further in are normalised when they are built, by whoever knows that they are
    components and not plain arguments with a key called `type`. Likewise `NAME` has the upper-case keys beside it
    lowered, and no others.

    Args:
        config: A mapping with one selector (`name`, `type` or `NAME`) or none.

    Returns:
        A new dict, which shares no container with the config. It has no `name` where there was no selector.

    Raises:
        ConfigTypeError: Not a mapping, a key is no string, or the selector's value is neither a name nor a class.
        ConfigError: More than one selector, or two keys that are one key once lowered.

    Example:
        >>> normalise({"type": "ResNet", "depth": 18})
        {'name': 'ResNet', 'depth': 18}
        >>> normalise({"NAME": "Head", "DIM": 512, "INIT": {"STD": 0.1}})
        {'name': 'Head', 'dim': 512, 'init': {'STD': 0.1}}
    """
    if not isinstance(config, Mapping):
        message = f"The config of a component is a mapping with `name`, not {type(config).__name__} {config!r:.80}."
        raise ConfigTypeError(message)
    check_structure(config)
    for key in config:
        if not isinstance(key, str):
            message = f"The keys of a component's config are names of arguments, not {key!r}."
            raise ConfigTypeError(message)
    selectors = [key for key in SELECTORS if key in config]
    if len(selectors) > 1:
        message = f"A component is selected by one key, not by {' and '.join(selectors)} at once: {_shown(config)}."
        raise ConfigError(message)
    if not selectors:
        return {key: plain(value) for key, value in config.items()}
    selector = selectors[0]
    arguments = {key: plain(value) for key, value in config.items() if key != selector}
    if selector == "NAME":
        arguments = _lowered(arguments, config)
    return {"name": check_selector(config[selector], selector), **arguments}


def check_selector(value: Any, key: str = "name") -> Any:
    """Return a selector's value unchanged: a name, a class, a function, a reference to one, or None.

    Raises:
        ConfigError: An empty name.
        ConfigTypeError: Anything else.
    """
    if value is None or is_class_like(value) or (isinstance(value, str) and value.strip()):
        return value
    if isinstance(value, str):
        message = f"`{key}` is empty; it names what to build."
        raise ConfigError(message)
    message = f"`{key}` takes a registered name or a class, not {type(value).__name__} {value!r:.80}."
    raise ConfigTypeError(message)


def _lowered(arguments: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with their upper-case keys lowered."""
    lowered: dict[str, Any] = {}
    for key, value in arguments.items():
        new = key.lower() if key.isupper() else key
        if new in lowered or new == "name":
            message = f"Two keys mean {new!r}, once lowered as NAME asks for: {_shown(config)}."
            raise ConfigError(message)
        lowered[new] = value
    return lowered


def _shown(config: Mapping[str, Any]) -> str:
    return f"{{{', '.join(f'{key}={config[key]!r:.40}' for key in list(config)[:6])}}}"
