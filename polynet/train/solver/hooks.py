"""EssentialMC2's hooks by their names, and what they are here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polynet.config.normal_form import normalise
from polynet.errors import ConfigTypeError
from polynet.train.hook import Hook
from polynet.train.registry import HOOKS

BASE_HOOKS = ("RuntimeInfoHook", "IterTimerHook", "DistSamplerSeedHook", "NonFiniteLossHook", "ParamSchedulerHook")
"""What every solver has, whatever its config."""

IN_ENGINE = ("BackwardHook", "LrHook", "DistSamplerHook", "SamplerHook")
"""Hooks of EssentialMC2 and Scepter whose work every run does here."""

RENAMED = {"TensorboardHook": "TensorBoardHook", "TensorboardLogHook": "TensorBoardHook"}


def hooks_from(configs: Sequence[Any] | None, base: Sequence[str]) -> Iterator[Hook]:
    """The hooks of a solver.

    Args:
        configs: Hooks or their configs.
        base: Names of those that are added.

    Raises:
        ConfigTypeError: It is no list.
        PolyNetError: One cannot be built.
    """
    if configs is not None and not isinstance(configs, (list, tuple)):
        message = f"hooks is a list of hooks or of their configs, not {type(configs).__name__} {configs!r:.60}."
        raise ConfigTypeError(message)
    for name in base:
        yield HOOKS.build(name)
    for config in configs or ():
        if not isinstance(config, Mapping):
            yield HOOKS.build(config)
            continue
        arguments = normalise(config)
        kind = arguments.get("name")
        if kind in IN_ENGINE:
            continue
        if kind == "CheckpointHook":
            arguments = {"interval": 1, **arguments}
        yield HOOKS.build({**arguments, "name": RENAMED.get(kind, kind)} if isinstance(kind, str) else config)


def clipping_of(configs: Sequence[Any] | None) -> dict[str, Any]:
    """What a `BackwardHook` says of clipping and accumulating gradients, as options of an optimiser's wrapper.

    Example:
        >>> clipping_of([{"NAME": "BackwardHook", "GRADIENT_CLIP": 1.0, "ACCUMULATE_STEP": 2}])
        {'clip_grad': {'type': 'norm', 'max_norm': 1.0}, 'accumulative_counts': 2}
    """
    options: dict[str, Any] = {}
    for config in configs or ():
        arguments = normalise(config) if isinstance(config, Mapping) else {}
        if arguments.get("name") != "BackwardHook":
            continue
        clip = arguments.get("gradient_clip")
        if clip is not None and clip > 0:
            options["clip_grad"] = {"type": "norm", "max_norm": clip}
        if arguments.get("accumulate_step") is not None:
            options["accumulative_counts"] = arguments["accumulate_step"]
    return options
