"""From `param_scheduler` in a config to schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from polynet.config.normal_form import SELECTORS
from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError, PolyNetError, suggest
from polynet.train.registry import SCHEDULES
from polynet.train.schedules.schedule import Schedule


class _Limits(NamedTuple):
    """How long the run is."""

    epochs: int | None
    iterations: int | None
    epoch_length: int | None


def build_schedules(
    config: Any, *, max_epochs: int | None = None, max_iters: int | None = None, epoch_length: int | None = None
) -> list[Schedule]:
    """Schedules from a config, or a list of configs.

    Args:
        config: What MMEngine calls `param_scheduler`: mappings with `type` and the schedule's options, schedules that
            are made already, or `None`. `convert_to_iter_based=True` turns a schedule written in epochs into the same
            in iterations.
        max_epochs: The `end` of schedules by epoch that have none.
        max_iters: The `end` of schedules by iteration that have none.
        epoch_length: Iterations of an epoch; needed where one is converted.

    Raises:
        ConfigTypeError: It is nothing of the kind.
        UnknownNameError: There is no schedule of that name; the nearest is named.
        OptionError: A schedule has no such option, or cannot use its value.
        ConfigError: One is to be converted, and how long an epoch is cannot be known.

    Source: MMEngine, `Runner.build_param_scheduler`.

    Example:
        >>> warm_up = {"type": "LinearLR", "start_factor": 0.5, "end": 2, "convert_to_iter_based": True}
        >>> first, then = build_schedules([warm_up, {"type": "CosineAnnealingLR", "begin": 2}], max_epochs=10,
        ...                               epoch_length=100)
        >>> first.by_epoch, first.end, then.length
        (False, 200, 8)
    """
    if config is None:
        return []
    given = [config] if isinstance(config, (Mapping, Schedule)) else config
    if not isinstance(given, Sequence) or isinstance(given, str):
        message = f"param_scheduler is a mapping with `type`, or a list of such, not {config!r:.80}."
        raise ConfigTypeError(message)
    paths = [f"param_scheduler[{number}]" if given is config else "param_scheduler" for number in range(len(given))]
    limits = _Limits(max_epochs, max_iters, epoch_length)
    return [_schedule(one, limits, path) for one, path in zip(given, paths, strict=True)]


def build_schedules_for(
    config: Any,
    optim_wrapper: Any,
    *,
    max_epochs: int | None = None,
    max_iters: int | None = None,
    epoch_length: int | None = None,
) -> list[Schedule] | dict[str, list[Schedule]]:
    """Schedules for an optimiser wrapper; for several of them, a list under each one's name.

    Args:
        config: As `build_schedules`; for several wrappers, it may be a mapping with a config under each one's name.
        optim_wrapper: An `OptimWrapper` or `OptimWrapperDict`.
        max_epochs: As `build_schedules`.
        max_iters: As `build_schedules`.
        epoch_length: As `build_schedules`.

    Raises:
        ConfigKeyError: A wrapper has no config, or a config no wrapper.
        PolyNetError: As `build_schedules`.
    """
    limits: dict[str, Any] = {"max_epochs": max_epochs, "max_iters": max_iters, "epoch_length": epoch_length}
    names = getattr(optim_wrapper, "optim_wrappers", None)
    if names is None:
        return build_schedules(config, **limits)
    if not isinstance(config, Mapping) or any(key in config for key in SELECTORS):
        return {name: build_schedules(config, **limits) for name in names}
    wrong = next((name for name in [*config, *names] if (name in config) != (name in names)), None)
    if wrong is not None:
        known = ", ".join(names)
        message = f"param_scheduler has a config for each optimiser, {known}; not so {wrong!r}.{suggest(wrong, names)}"
        raise ConfigKeyError(message)
    return {name: build_schedules(config[name], **limits) for name in names}


def _schedule(config: Any, limits: _Limits, path: str) -> Schedule:
    """One schedule; an error says where its config stands."""
    if isinstance(config, Schedule):
        return config
    try:
        return _built(config, limits)
    except PolyNetError as error:
        error.within(path)
        raise


def _built(config: Any, limits: _Limits) -> Schedule:
    if not isinstance(config, Mapping):
        message = f"A schedule is a mapping with `type`, not {config!r:.80}."
        raise ConfigTypeError(message)
    options = dict(config)
    converted = options.pop("convert_to_iter_based", False)
    end = limits.epochs if options.get("by_epoch", True) else limits.iterations
    schedule = SCHEDULES.build(options, **({} if end is None else {"end": end}))
    if not isinstance(schedule, Schedule):
        message = f"A schedule derives from Schedule, which {type(schedule).__name__} does not."
        raise ConfigTypeError(message)
    if not converted:
        return schedule
    if limits.epoch_length is None:
        message = "convert_to_iter_based needs to know the iterations of an epoch; the data have no length."
        raise ConfigError(message)
    return schedule.to_iterations(limits.epoch_length)
