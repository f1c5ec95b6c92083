"""Learning rates that fall with a layer's distance from the output."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from polynet.backend import backend_of
from polynet.errors import ModeError, OptionError
from polynet.models.depths import layer_depths, ordered_depths
from polynet.nn.arguments import number
from polynet.train.parameter_groups import Base, Parameter, ParameterRules
from polynet.types import NativeModule

Depths = Callable[[str], tuple[int, int]]
"""A parameter's depth and the number of depths, by its name."""

STACKS = ("blocks", "layers", "block", "layer", "units")
"""Names under which a stage keeps its blocks."""

HEADS = ("head", "heads", "classifier", "cls_head")
"""Names of what comes after the last block, whatever is numbered in it."""

NUMBERED = re.compile(r"(s|b|stage|block|layer|module|unit)?\d+")
"""Names of stages and blocks."""


class LayerDecayRules(ParameterRules):
    """The rules of a `paramwise_cfg` for layer-wise decay.

    The learning rate of a parameter at depth d of D is the base's times `layer_decay_rate` to the power D - d - 1, so
    that what pre-training has learnt last changes most (Clark et al., "ELECTRA", 2020; Bao et al., "BEiT", 2022).

    Args:
        config: `layer_decay_rate` (1 by default), and the rules of the weight decay: `custom_keys` (with `decay_mult`,
            and any option of the optimiser but the learning rate), `norm_decay_mult`, `bias_decay_mult`,
            `flat_decay_mult`. `decay_rate` is another name of `layer_decay_rate`.
        base: What is multiplied.
        depths: Gives a parameter's depth and the number of depths.

    Raises:
        OptionError: There is no such rule, or a value cannot be used.

    Source: MMPretrain, `LearningRateDecayOptimWrapperConstructor`.

    Example:
        >>> from polynet.train.parameter_groups import trained_parameters
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Sequential(*(polynet.nn.Linear(2, 2, bias=False) for _ in range(3)))
        >>> rules = LayerDecayRules({"layer_decay_rate": 0.5}, Base(0.1, None), structural_depths(net))
        >>> [rules.settings(parameter)["lr"] for parameter in trained_parameters(net)]
        [0.025, 0.05, 0.1]
    """

    allowed = (
        "layer_decay_rate",
        "decay_rate",
        "custom_keys",
        "norm_decay_mult",
        "bias_decay_mult",
        "flat_decay_mult",
        "bypass_duplicate",
    )

    def __init__(self, config: Mapping[str, Any], base: Base, depths: Depths) -> None:
        super().__init__(config, base)
        if "layer_decay_rate" in config and "decay_rate" in config:
            message = "paramwise_cfg: layer_decay_rate and decay_rate are the same; give one."
            raise OptionError(message)
        rate = config.get("layer_decay_rate", config.get("decay_rate", 1.0))
        self.rate = number("paramwise_cfg", "layer_decay_rate", rate, above=0)
        self.depths = depths
        for key, rule in self.custom.items():
            if "lr_mult" in rule or "lr" in rule:
                message = f"paramwise_cfg: custom_keys.{key} sets the learning rate, which the depth decides here."
                raise OptionError(message)

    def settings(self, parameter: Parameter) -> dict[str, Any]:
        """The learning rate of the parameter's depth, and the options in which it differs from the others."""
        depth, count = self.depths(parameter.name)
        return {**super().settings(parameter), "lr": self.base.lr * self.rate ** (count - depth - 1)}


def depths_of(model: NativeModule) -> Depths:
    """What says the depths of a model's layers: its own `get_layer_depth`, its stages, or else its parameters' names.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = polynet.nn.Sequential(polynet.nn.Linear(2, 2), polynet.nn.Linear(2, 2))
        >>> depths_of(net)("1.weight")
        (1, 2)
    """
    told = layer_depths(model)
    if told is not None:
        return lambda name: told[name]
    own = getattr(model, "get_layer_depth", None)
    first = next((name for name, slot in backend_of(model).slots(model).items() if slot.kind == "parameter"), None)
    if callable(own) and first is not None:
        try:
            own(first)
        except ModeError:  # a wrapper around a backbone that does not say
            return structural_depths(model)
        return lambda name: _told(own(name), name)
    return structural_depths(model)


def _told(answer: Any, name: str) -> tuple[int, int]:
    """What a model's `get_layer_depth` gave, if it is a depth."""
    try:
        depth, count = answer
        if not 0 <= depth < count:
            raise ValueError
    except (TypeError, ValueError) as error:
        message = f"get_layer_depth({name!r}) gives a depth and the number of depths above it, not {answer!r}."
        raise OptionError(message) from error
    return int(depth), int(count)


def structural_depths(model: NativeModule) -> Depths:
    """Depths by the order of definition: what comes before the first numbered block, each block, and what comes after.

    A block is what a number names: `layers.3`, `layer2.0`, `s1.b2`, and within a numbered stage `stages.1.blocks.2`.
    What is defined between two blocks belongs to the later one's depth.
    """
    names = [name for name, slot in backend_of(model).slots(model).items() if slot.kind == "parameter"]
    depths = ordered_depths(names, block_of)
    return lambda name: depths[name]


def block_of(name: str) -> str | None:
    """The block that a parameter's name lies in; `None` where no number is in it.

    Example:
        >>> block_of("backbone.layer1.0.downsample.0.weight"), block_of("stages.1.blocks.2.fc.weight")
        ('backbone.layer1.0', 'stages.1.blocks.2')
    """
    parts = name.split(".")[:-1]
    first = next(_numbers(parts, 0), None)
    if first is None or any(part in HEADS for part in parts[:first]):
        return None
    inner = next(_numbers(parts, first + 1), None)
    nested = inner is not None and (inner == first + 1 or parts[inner - 1] in STACKS) and inner <= first + 2
    return ".".join(parts[: (inner if nested and inner is not None else first) + 1])


def _numbers(parts: list[str], start: int) -> Iterator[int]:
    return (index for index in range(start, len(parts)) if NUMBERED.fullmatch(parts[index]))
