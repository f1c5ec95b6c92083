"""EssentialMC2's hooks by their names, and what they are here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polynet.config.normal_form import normalise
from polynet.errors import ConfigTypeError, UnsupportedError
from polynet.registry.parts import PartRegistry
from polynet.train.hook import Hook
from polynet.train.registry import HOOKS

BASE_HOOKS = ("RuntimeInfoHook", "IterTimerHook", "DistSamplerSeedHook", "NonFiniteLossHook", "ParamSchedulerHook")
"""What every solver has, whatever its config."""


class EngineHook(Hook):
    """A hook whose work every run does here; it is accepted, so that lists of hooks need not change."""

    def __init__(self, priority: Any = None) -> None:
        self.given = priority


class BackwardHook(EngineHook):
    """Takes gradients and steps: the optimiser's wrapper does, which clips and accumulates as is said here.

    Args:
        gradient_clip: The norm to clip gradients to; `None` or 0 for none.
        accumulate_step: Batches whose gradients make one step.
        priority: For EssentialMC2's signature.

    Source: EssentialMC2; the options are Scepter's.

    Example:
        >>> clipping_of([BackwardHook(gradient_clip=1.0)])
        {'clip_grad': {'type': 'norm', 'max_norm': 1.0}}
    """

    def __init__(self, gradient_clip: float | None = None, accumulate_step: int | None = None, priority: Any = None):
        super().__init__(priority)
        self.gradient_clip, self.accumulate_step = gradient_clip, accumulate_step


class LrHook(EngineHook):
    """Steps the schedules: a hook of every run does. What it would do beyond that is refused, and not left undone.

    Args:
        set_by_epoch: Has to be true: schedules that are stepped at every iteration say so themselves.
        warmup_func: Has to be `None`: a warm-up is a schedule of its own.
        warmup_epochs: For EssentialMC2's signature.
        warmup_start_lr: For EssentialMC2's signature.
        priority: For EssentialMC2's signature.

    Raises:
        UnsupportedError: A warm-up or steps by iteration are asked for; the message has the schedule to write.

    Source: EssentialMC2.
    """

    def __init__(
        self,
        set_by_epoch: bool = True,
        warmup_func: str | None = None,
        warmup_epochs: int = 1,
        warmup_start_lr: float = 0.0001,
        priority: Any = None,
    ) -> None:
        super().__init__(priority)
        if warmup_func is not None:
            message = (
                f"LrHook: warmup_func={warmup_func!r} is written as a schedule here: lr_scheduler=[dict("
                f"type='LinearLR', start_factor={warmup_start_lr} / lr, end={warmup_epochs}), …]."
            )
            raise UnsupportedError(message)
        if not set_by_epoch:
            message = "LrHook: set_by_epoch=False is said to the schedule here: lr_scheduler=dict(…, by_epoch=False)."
            raise UnsupportedError(message)


class DistSamplerHook(EngineHook):
    """Tells samplers the epoch: a hook of every run does. Source: EssentialMC2."""


IN_ENGINE: dict[str, type[EngineHook]] = {
    "BackwardHook": BackwardHook,
    "DistSamplerHook": DistSamplerHook,
    "LrHook": LrHook,
    "SamplerHook": DistSamplerHook,
}
"""Hooks of EssentialMC2 and Scepter whose work every run does here."""

RENAMED = {"TensorboardHook": "TensorBoardHook", "TensorboardLogHook": "TensorBoardHook"}


_ENGINE_HOOKS = PartRegistry("hook", {})


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
        if isinstance(config, EngineHook):
            continue
        if not isinstance(config, Mapping):
            yield HOOKS.build(config)
            continue
        arguments = normalise(config)
        kind = arguments.get("name")
        if kind in IN_ENGINE or kind in IN_ENGINE.values():
            _in_engine(config)  # so that wrong options are refused
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
        is_config = isinstance(config, Mapping) and normalise(config).get("name") in ("BackwardHook", BackwardHook)
        hook = _in_engine(config) if is_config else config
        if not isinstance(hook, BackwardHook):
            continue
        if hook.gradient_clip is not None and hook.gradient_clip > 0:
            options["clip_grad"] = {"type": "norm", "max_norm": hook.gradient_clip}
        if hook.accumulate_step is not None:
            options["accumulative_counts"] = hook.accumulate_step
    return options


def _in_engine(config: Mapping[str, Any]) -> EngineHook:
    arguments = normalise(config)
    name = arguments["name"]
    made: EngineHook = _ENGINE_HOOKS.build({**arguments, "name": IN_ENGINE.get(name, name)})
    return made
