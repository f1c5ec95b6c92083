"""Settings for single parameters by rule: MMEngine's `paramwise_cfg`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from polynet.backend import Backend, backend_of
from polynet.errors import OptionError, suggest
from polynet.nn.arguments import flags, number
from polynet.slots import Slot
from polynet.train.rules import find_rule
from polynet.types import NativeModule

NORMALISATIONS = (
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "SyncBatchNorm",
    "InstanceNorm2d",
    "GroupNorm",
    "LayerNorm",
)

OPTIONS = (
    "bias_lr_mult",
    "bias_decay_mult",
    "norm_decay_mult",
    "dwconv_decay_mult",
    "flat_decay_mult",
    "dcn_offset_lr_mult",
    "custom_keys",
    "bypass_duplicate",
)

_NATIVE_NORMALISATIONS = ("_BatchNorm", "_InstanceNorm", "InstanceNorm")
"""Base classes of the frameworks' own normalisations, those that have no neutral layer included."""


@attrs.frozen
class Parameter:
    """What rules look at.

    Attributes:
        name: Canonical name.
        leaf: The name within the layer: `"weight"`.
        owner: The layer.
        dimensions: Number of dimensions in the canonical shape.
        normalises: Whether the layer is a normalisation.
        depthwise: Whether the layer is a 2-D convolution of single channels.
    """

    name: str
    leaf: str
    owner: NativeModule
    dimensions: int
    normalises: bool
    depthwise: bool


def trained_parameters(module: NativeModule) -> list[Parameter]:
    """A module's trainable parameters in the order of definition, each once, under its first name.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Sequential(polynet.nn.Conv2d(4, 4, 3, groups=4), polynet.nn.BatchNorm2d(4))
        >>> [(parameter.name, parameter.depthwise) for parameter in trained_parameters(net)][:2]
        [('0.weight', True), ('0.bias', True)]
    """
    backend = backend_of(module)
    normalisations, convolutions = _kinds(backend, NORMALISATIONS), _kinds(backend, ("Conv2d",))
    found: dict[int, Parameter] = {}
    for name, slot in backend.slots(module).items():
        if slot.kind == "parameter" and slot.trainable:
            found.setdefault(id(slot.tensor), _seen(name, slot, normalisations, convolutions))
    return list(found.values())


def _kinds(backend: Backend, names: Iterable[str]) -> tuple[type, ...]:
    return tuple(kind for name in names for kind in backend.layer_instances(name))


def _seen(name: str, slot: Slot, normalisations: tuple[type, ...], convolutions: Any) -> Parameter:
    owner: Any = slot.owner
    named = any(base.__name__ in _NATIVE_NORMALISATIONS for base in type(owner).__mro__)
    depthwise = isinstance(owner, convolutions) and owner.in_channels == owner.groups
    return Parameter(
        name, slot.leaf, owner, len(slot.shape), named or isinstance(owner, normalisations), bool(depthwise)
    )


@attrs.frozen
class Base:
    """The settings that rules multiply.

    Attributes:
        lr: The learning rate.
        weight_decay: The weight decay; `None` where the config gives none.
    """

    lr: float
    weight_decay: float | None

    @classmethod
    def of(cls, name: str, options: Mapping[str, Any]) -> Base:
        """The base of an optimiser's config; where it has no learning rate, the optimiser's default."""
        rule = find_rule(name)
        lr = rule.settings({"lr": options["lr"]})["lr"] if "lr" in options else rule.settings({})["lr"]
        decay = options.get("weight_decay")
        if decay is not None:
            decay = rule.settings({"weight_decay": decay})["weight_decay"]
        return cls(float(lr), None if decay is None else float(decay))


class ParameterRules:
    """The rules of a `paramwise_cfg`.

    A parameter whose name contains one of `custom_keys` follows that rule alone: the longest such key, and of equally
    long ones the first in the alphabet. All others follow the rest.

    Args:
        config: `bias_lr_mult` (biases but those of normalisations); `norm_decay_mult` (all of normalisations);
            `bias_decay_mult` (other biases); `dwconv_decay_mult` (depthwise convolutions); `flat_decay_mult` (what has
            one dimension); of the multipliers of the weight decay the first that fits, in this order.
            `custom_keys={"backbone": dict(lr_mult=0.1, decay_mult=0.5)}`, where any option of the optimiser may stand.
            `bypass_duplicate` and `dcn_offset_lr_mult` are accepted: shared parameters are always stepped once, and
            there are no deformable convolutions.
        base: What is multiplied.

    Raises:
        OptionError: There is no such rule, a multiplier is no number of at least 0, or a multiplier of the weight decay
            is given and no weight decay.

    Source: MMEngine, `DefaultOptimWrapperConstructor`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Linear(2, 2)
        >>> rules = ParameterRules({"bias_lr_mult": 2, "bias_decay_mult": 0}, Base(lr=0.1, weight_decay=0.01))
        >>> [rules.settings(parameter) for parameter in trained_parameters(net)]
        [{}, {'lr': 0.2, 'weight_decay': 0.0}]
    """

    allowed: tuple[str, ...] = OPTIONS

    def __init__(self, config: Mapping[str, Any], base: Base) -> None:
        if not isinstance(config, Mapping):
            message = f"paramwise_cfg is a mapping such as dict(norm_decay_mult=0.0), not {config!r:.80}."
            raise OptionError(message)
        for name in config:
            if name not in self.allowed:
                known = ", ".join(self.allowed)
                message = f"paramwise_cfg has no rule {name!r}.{suggest(name, self.allowed)} Its rules are {known}."
                raise OptionError(message)
        self.base = base
        self.custom = self._custom_keys(config.get("custom_keys"))
        self.factors = {
            name: number("paramwise_cfg", name, value, lowest=0)
            for name, value in config.items()
            if name.endswith("_mult") and value is not None
        }
        flags("paramwise_cfg", bypass_duplicate=config.get("bypass_duplicate", False))
        decays = [name for name in self.factors if name.endswith("decay_mult")]
        decays += [f"custom_keys.{key}.decay_mult" for key, rule in self.custom.items() if "decay_mult" in rule]
        if decays and base.weight_decay is None:
            message = f"paramwise_cfg: {decays[0]} multiplies weight_decay, which the optimiser's config does not have."
            raise OptionError(message)
        self.unmatched = dict.fromkeys(self.custom)

    def _custom_keys(self, given: Any) -> dict[str, Mapping[str, Any]]:
        """Rules by key, the longest first."""
        if given is None:
            return {}
        if not isinstance(given, Mapping) or not all(isinstance(rule, Mapping) for rule in given.values()):
            message = (
                f"paramwise_cfg: custom_keys is a mapping such as dict(backbone=dict(lr_mult=0.1)), not {given!r:.80}."
            )
            raise OptionError(message)
        for key, rule in given.items():
            for name in ("lr_mult", "decay_mult"):
                if name in rule:
                    number(f"paramwise_cfg: custom_keys.{key}", name, rule[name], lowest=0)
        return {key: given[key] for key in sorted(sorted(given), key=len, reverse=True)}

    def settings(self, parameter: Parameter) -> dict[str, Any]:
        """The options in which a parameter differs from the others."""
        key = self.custom_key(parameter)
        if key is not None:
            return self._custom(key)
        found: dict[str, Any] = {}
        is_bias = parameter.leaf == "bias"
        if is_bias and not parameter.normalises and "bias_lr_mult" in self.factors:
            found["lr"] = self.base.lr * self.factors["bias_lr_mult"]
        decay = self._first_decay(
            (parameter.normalises, "norm_decay_mult"),
            (is_bias, "bias_decay_mult"),
            (parameter.depthwise, "dwconv_decay_mult"),
            (parameter.dimensions == 1, "flat_decay_mult"),
        )
        return found if decay is None else {**found, "weight_decay": decay}

    def custom_key(self, parameter: Parameter) -> str | None:
        """The key whose rule a parameter follows alone, if any."""
        # A parameter of the model itself is matched with a leading dot, as MMEngine does: `.cls_token`.
        name = parameter.name if "." in parameter.name else f".{parameter.name}"
        key = next((key for key in self.custom if key in name), None)
        for matching in [key for key in self.unmatched if key in name]:
            del self.unmatched[matching]
        return key

    def _custom(self, key: str) -> dict[str, Any]:
        rule = self.custom[key]
        found = {name: value for name, value in rule.items() if name not in ("lr_mult", "decay_mult")}
        if "lr_mult" in rule:
            found.setdefault("lr", self.base.lr * rule["lr_mult"])
        if "decay_mult" in rule and self.base.weight_decay is not None:
            found.setdefault("weight_decay", self.base.weight_decay * rule["decay_mult"])
        return found

    def _first_decay(self, *cases: tuple[bool, str]) -> float | None:
        """The weight decay by the first rule that is given and applies."""
        name = next((name for applies, name in cases if applies and name in self.factors), None)
        if name is None or self.base.weight_decay is None:
            return None
        return self.base.weight_decay * self.factors[name]

    def warn(self, parameters: Sequence[Parameter]) -> None:
        """Warn of keys that no parameter's name contains."""
        parts = {part for parameter in parameters for part in parameter.name.split(".") if not part.isdigit()}
        for key in self.unmatched:
            near = suggest(key.strip("."), parts)
            message = f"paramwise_cfg: no trainable parameter's name contains the custom key {key!r}.{near}"
            warnings.warn(message, UserWarning, stacklevel=2)


def grouped(
    parameters: Sequence[Parameter], settings: Callable[[Parameter], Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Groups of parameters with the same settings, as an optimiser takes them, in the order of their first parameter.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Linear(2, 2)
        >>> grouped(trained_parameters(net), lambda parameter: {"weight_decay": 0.1 * (parameter.dimensions > 1)})
        [{'name': 'weight_decay=0.1', 'names': ['weight'], 'weight_decay': 0.1}, {'name': 'weight_decay=0', ...}]
    """
    groups: dict[Any, dict[str, Any]] = {}
    for parameter in parameters:
        mine = dict(settings(parameter))
        key = repr(sorted(mine.items()))
        if key not in groups:
            groups[key] = {"name": _label(mine), "names": [], **mine}
        groups[key]["names"].append(parameter.name)
    return list(groups.values())


def _label(settings: Mapping[str, Any]) -> str:
    """A group's name: what sets it apart."""
    shown = (f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in settings.items())
    return ", ".join(shown) or "all others"
