"""Carrying rules out: on the layers they name, on the parts they make an exception of, and the checkpoint last."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping

import attrs

from polynet.errors import InputError, ModeError, suggest
from polynet.models.init_cfg.layers import layer_names
from polynet.models.init_cfg.parse import Override, Parsed
from polynet.models.init_cfg.rules import LayerRule
from polynet.models.init_cfg.run import Run, running
from polynet.nn.initialise import fill_slots
from polynet.nn.initialisers import Constant, Initialiser
from polynet.nn.recipe import Recipe
from polynet.slots import Slot
from polynet.types import NativeModule


@attrs.frozen
class _Chosen(Recipe):
    """A recipe that says of each parameter by name what fills it."""

    chosen: Mapping[str, Initialiser] = attrs.field(factory=dict)

    def initialiser(self, slot: Slot, path: str = "") -> Initialiser | None:
        """What was chosen."""
        return self.chosen[slot.name]


def apply_rules(module: NativeModule, parsed: Iterable[Parsed]) -> None:
    """Carry out rules on a module, one after another: where two name the same layer, the later one stays.

    Raises:
        ModeError: An exception names a part that the module does not have.
        OptionError: A rule cannot fill a weight of the shape that it is given.
    """
    for each in parsed:
        if isinstance(each.rule, LayerRule):
            _apply_by_layer(each.rule, module, bool(each.overrides))
        else:
            each.rule(module)
        for override in each.overrides:
            _apply_whole(override, module)


def apply_rule(rule: LayerRule, module: NativeModule) -> None:
    """Carry out one rule on the layers it names."""
    _apply_by_layer(rule, module, has_overrides=False)


def draw_into(module: NativeModule, weight: Callable[[tuple[int, ...]], Initialiser], bias: float, source: str) -> None:
    """Fill the weight and the bias that a layer holds itself.

    Args:
        module: The layer.
        weight: From a weight's canonical shape to what fills it.
        bias: What the bias becomes.
        source: What the report says of it.

    Raises:
        InputError: It has neither.
    """
    with running(module) as run:
        if not _fill(run, [module], weight, bias, source):
            message = f"{type(module).__name__} has neither a weight nor a bias."
            raise InputError(message)


def _apply_by_layer(rule: LayerRule, module: NativeModule, has_overrides: bool) -> None:
    if not rule.layer:
        if not has_overrides:
            message = f"{rule.name} in the init_cfg of {type(module).__name__} names no layer, and so fills nothing."
            warnings.warn(message, UserWarning, stacklevel=2)
        return
    present: list[tuple[NativeModule, type]] = [(part, type(part)) for part in module.modules()]
    matched = [part for part, kind in present if not layer_names(kind).isdisjoint(rule.layer)]
    with running(module) as run:
        filled = _fill(run, matched, rule.weight, rule.bias_value, str(rule))
    if not filled:
        layers = sorted({kind.__name__ for part, kind in present if part is not module})
        near = next((hint for name in rule.layer if (hint := suggest(name, layers))), "")
        message = (
            f"{rule.name} in the init_cfg of {type(module).__name__} fills nothing: no layer with a weight or bias is "
            f"called {' or '.join(map(repr, rule.layer))}.{near} The layers are: {', '.join(layers) or 'none'}."
        )
        warnings.warn(message, UserWarning, stacklevel=2)


def _apply_whole(override: Override, module: NativeModule) -> None:
    part = getattr(module, override.name, None)
    if part is None or not callable(getattr(part, "modules", None)):
        parts = [name for name, _ in module.named_children()]
        message = (
            f"{type(module).__name__} has no part {override.name!r}, of which its init_cfg makes an exception."
            f"{suggest(override.name, parts)} Its parts are {', '.join(parts) or 'none'}."
        )
        raise ModeError(message)
    if not isinstance(override.rule, LayerRule):
        override.rule(part)
        return
    with running(module) as run:
        _fill(run, list(part.modules()), override.rule.weight, override.rule.bias_value, str(override.rule))


def _fill(
    run: Run,
    layers: Iterable[NativeModule],
    weight: Callable[[tuple[int, ...]], Initialiser],
    bias: float,
    source: str,
) -> bool:
    """Fill `weight` and `bias` of layers; whether there were any. No number changes if one cannot be filled."""
    slots: dict[str, Slot] = {}
    chosen: dict[str, Initialiser] = {}
    for layer in layers:
        for leaf, slot in run.slots_of(layer).items():
            if leaf in ("weight", "bias"):
                slots[slot.name] = slot
                chosen[slot.name] = weight(slot.shape) if leaf == "weight" else Constant(bias)
    fill_slots(slots, {"": _Chosen(chosen=chosen)}, run.seed)
    for slot in slots.values():
        run.note(slot, source)
    return bool(slots)
