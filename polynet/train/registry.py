"""Hooks, schedules and what else a training run is made of, by name."""

from __future__ import annotations

from polynet.registry.parts import PartRegistry

_HOOKS = {
    "BaseClsEMAHook": "ema_hook",
    "CheckpointHook": "checkpoint_hook",
    "CurvesHook": "curves_hook",
    "DistSamplerSeedHook": "sampler_seed_hook",
    "EMAHook": "ema_hook",
    "EarlyStoppingHook": "early_stopping_hook",
    "IterTimerHook": "iter_timer_hook",
    "JsonLinesHook": "json_lines_hook",
    "LogHook": "log_hook",
    "LoggerHook": "logger_hook",
    "NonFiniteLossHook": "non_finite_loss_hook",
    "ParamSchedulerHook": "param_scheduler_hook",
    "PreciseBNHook": "precise_bn_hook",
    "ProgressHook": "progress_hook",
    "RuntimeInfoHook": "runtime_info_hook",
    "SyncBuffersHook": "sync_buffers_hook",
    "TensorBoardHook": "tensorboard_hook",
}
"""Hooks that ship, and the module each is found in."""

HOOKS = PartRegistry("hook", {name: f"polynet.train.hooks.{home}" for name, home in _HOOKS.items()})

_FAMILIES = {
    "Constant": "constant",
    "CosineAnnealing": "cosine",
    "CosineRestart": "cosine",
    "Exponential": "exponential",
    "Linear": "linear",
    "MultiStep": "step",
    "Poly": "polynomial",
    "ReduceOnPlateau": "plateau",
    "Step": "step",
}
"""Families of schedules, each with one of the learning rate, one of the momentum, and one of any setting."""

SCHEDULES = PartRegistry(
    "schedule",
    {
        **{
            f"{family}{setting}": f"polynet.train.schedules.{home}"
            for family, home in _FAMILIES.items()
            for setting in ("LR", "Momentum", "ParamScheduler")
        },
        "BaseClsLR": "polynet.train.schedules.basecls",
        "OneCycleLR": "polynet.train.schedules.one_cycle",
        "OneCycleParamScheduler": "polynet.train.schedules.one_cycle",
    },
)
OPTIM_WRAPPERS = PartRegistry(
    "optimiser wrapper",
    {"AmpOptimWrapper": "polynet.train.amp_optim_wrapper", "OptimWrapper": "polynet.train.optim_wrapper"},
)
OPTIM_WRAPPER_CONSTRUCTORS = PartRegistry(
    "constructor of an optimiser wrapper",
    {
        "DefaultOptimWrapperConstructor": "polynet.train.optim_wrapper_constructor",
        "LearningRateDecayOptimWrapperConstructor": "polynet.train.optim_wrapper_constructor",
    },
)
