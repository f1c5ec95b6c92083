"""Reading the config of one layer: `{"type": "BN", "eps": 1e-3}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polynet.config.normal_form import SELECTORS
from polynet.config.references import ClassReference
from polynet.errors import ConfigKeyError, ConfigTypeError
from polynet.models.blocks.choice import choose

LayerConfig = Mapping[str, Any]


def chosen_layer(
    what: str, config: LayerConfig, known: Mapping[str, Callable[..., Any]]
) -> tuple[str | Callable[..., Any], Callable[..., Any], dict[str, Any]]:
    """What a layer's config names, the class or function of it, and the options it gives.

    Args:
        what: What is being made, for messages: `"convolution"`.
        config: The config: a mapping with `type` or `name`, a known name or a class, and the layer's options.
        known: The layers by name. A name that is not among them is looked for among all registered components.

    Raises:
        ConfigTypeError: The config is no mapping.
        ConfigKeyError: It has neither `type` nor `name`.
        UnknownNameError: There is no layer of that name.

    Example:
        >>> chosen_layer("list", {"type": "L", "length": 2}, {"L": list})
        ('L', <class 'list'>, {'length': 2})
    """
    if not isinstance(config, Mapping):
        message = f"The config of a {what} is a mapping with `type`, not {type(config).__name__} {config!r:.80}."
        raise ConfigTypeError(message)
    options = dict(config)
    selector = next((key for key in SELECTORS if key in options), None)
    if selector is None:
        message = f"The config of a {what} needs `type`; it is {dict(config)!r:.80}."
        raise ConfigKeyError(message)
    name = options.pop(selector)
    if isinstance(name, ClassReference):
        name = name.resolve()
    if isinstance(name, str) and name not in known:
        from polynet.registry import MODELS
        from polynet.registry.scopes import registered_name

        registered = registered_name(MODELS, name, selector)
        if registered in MODELS:
            return name, MODELS.get(registered), options
    return name, choose(what, name, known), options
