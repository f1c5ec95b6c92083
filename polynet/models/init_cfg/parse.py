"""From an `init_cfg` to rules, everything checked before any number is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from polynet.config.plain import plain
from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError
from polynet.models.init_cfg.registry import WEIGHT_INITIALIZERS
from polynet.models.init_cfg.rules import PretrainedInit
from polynet.nn.explain import explain_call


@attrs.frozen
class Override:
    """A rule for the whole of one part.

    Attributes:
        name: The part: an attribute of the module.
        rule: What fills it; its `layer` does not count.
    """

    name: str
    rule: Any


@attrs.frozen
class Parsed:
    """One rule of an `init_cfg`, with its exceptions.

    Attributes:
        rule: What fills the layers that it names.
        overrides: What fills certain parts afterwards.
    """

    rule: Any
    overrides: tuple[Override, ...] = ()

    @property
    def is_pretrained(self) -> bool:
        """Whether it loads a checkpoint, which comes after everything else."""
        return isinstance(self.rule, PretrainedInit)


def parse(init_cfg: Any) -> tuple[Parsed, ...]:
    """Read an `init_cfg`.

    Args:
        init_cfg: A mapping with `type`, a list of them, or None. It is not changed.

    Raises:
        ConfigTypeError: It is something else, or an `override` is neither a mapping nor a list.
        ConfigKeyError: A rule has no `type`.
        ConfigError: An override has no `name`, or arguments and no `type`.
        UnknownNameError: There is no such rule.
        OptionError: The rule has no such argument, or cannot use a value.

    Example:
        >>> parse({"type": "Constant", "val": 1, "layer": "Linear"})[0].rule
        ConstantInit(bias=0.0, bias_prob=None, layer=('Linear',), val=1)
    """
    if init_cfg is None:
        return ()
    each = init_cfg if isinstance(init_cfg, (list, tuple)) else [init_cfg]
    return tuple(_parse_one(rule) for rule in each)


def _parse_one(config: Any) -> Parsed:
    if not isinstance(config, Mapping):
        message = f"init_cfg is a mapping with `type` or a list of them, not {type(config).__name__} {config!r:.60}."
        raise ConfigTypeError(message)
    config = plain(config)
    given = config.pop("override", None)
    overrides = given if isinstance(given, list) else [] if given is None else [given]
    rule = _rule(config)
    config.pop("layer", None)
    return Parsed(rule, tuple(_override(each, config) for each in overrides))


def _override(config: Any, outer: Mapping[str, Any]) -> Override:
    if not isinstance(config, Mapping):
        message = f"override must be a dict or a list of dict, but got {type(config)}."
        raise ConfigTypeError(message)
    arguments = dict(config)
    name = arguments.pop("name", None)
    if not isinstance(name, str):
        message = f'`override` must contain the key "name", the part it is for, but got {config}.'
        raise ConfigError(message)
    if arguments and "type" not in arguments:
        message = f'`override` need "type" key, or else nothing but "name", but got {config}.'
        raise ConfigError(message)
    return Override(name, _rule(arguments or outer))


def _rule(config: Mapping[str, Any]) -> Any:
    arguments = dict(config)
    kind = arguments.pop("type", None)
    if kind is None:
        message = f"A rule of an init_cfg needs `type`, which names it: {dict(config)}."
        raise ConfigKeyError(message)
    target = WEIGHT_INITIALIZERS.get(kind) if isinstance(kind, str) else kind
    try:
        return target(**arguments)
    except TypeError as error:
        explain_call(target, (), arguments, error)
        raise
