"""MMEngine: modules that initialise and train themselves, data preprocessors, metrics, and the runner of it all."""

from __future__ import annotations

import importlib
from typing import Any

from polynet.dialects.layout import lay_out
from polynet.errors import unknown_attribute

_RULES = "polynet.models.init_cfg"
_INITIALISERS = tuple(
    f"{name}Init"
    for name in ("Caffe2Xavier", "Constant", "Kaiming", "Normal", "Pretrained", "TruncNormal", "Uniform", "Xavier")
)
_FUNCTIONS = tuple(
    f"{name}_init" for name in ("caffe2_xavier", "constant", "kaiming", "normal", "trunc_normal", "uniform", "xavier")
)
_CONTAINERS = ("BaseModule", "ModuleDict", "ModuleList", "Sequential")
_PREPROCESSORS = ("BaseDataPreprocessor", "ImgDataPreprocessor")
_AVERAGES = ("BaseAveragedModel", "ExponentialMovingAverage", "MomentumAnnealingEMA", "StochasticWeightAverage")
_HOOKS = {
    "CheckpointHook": "checkpoint_hook",
    "DistSamplerSeedHook": "sampler_seed_hook",
    "EMAHook": "ema_hook",
    "EarlyStoppingHook": "early_stopping_hook",
    "IterTimerHook": "iter_timer_hook",
    "LoggerHook": "logger_hook",
    "ParamSchedulerHook": "param_scheduler_hook",
    "RuntimeInfoHook": "runtime_info_hook",
    "SyncBuffersHook": "sync_buffers_hook",
}
_SCHEDULES = {
    **{
        f"{family}{setting}": home
        for family, home in {
            "Constant": "constant",
            "CosineAnnealing": "cosine",
            "CosineRestart": "cosine",
            "Exponential": "exponential",
            "Linear": "linear",
            "MultiStep": "step",
            "Poly": "polynomial",
            "ReduceOnPlateau": "plateau",
            "Step": "step",
        }.items()
        for setting in ("LR", "Momentum", "ParamScheduler")
    },
    "OneCycleLR": "one_cycle",
    "OneCycleParamScheduler": "one_cycle",
}
_OPTIMISATION = {
    "AmpOptimWrapper": "amp_optim_wrapper",
    "DefaultOptimWrapperConstructor": "optim_wrapper_constructor",
    "OptimWrapper": "optim_wrapper",
    "OptimWrapperDict": "optim_wrapper_dict",
    "build_optim_wrapper": "optim_wrapper",
}
_REGISTRIES = {
    "DATASETS": "polynet.data.registry",
    "DATA_SAMPLERS": "polynet.data.registry:SAMPLERS",
    "HOOKS": "polynet.train.registry",
    "METRICS": "polynet.registry",
    "MODELS": "polynet.dialects.mmpretrain.registry",
    "OPTIM_WRAPPERS": "polynet.train.registry",
    "OPTIM_WRAPPER_CONSTRUCTORS": "polynet.train.registry",
    "PARAM_SCHEDULERS": "polynet.train.registry:SCHEDULES",
    "TRANSFORMS": "polynet.data.registry",
}
_HOMES = {
    **dict.fromkeys(_AVERAGES, "polynet.train.averaging"),
    **{name: f"polynet.train.hooks.{home}" for name, home in _HOOKS.items()},
    **{name: f"polynet.train.schedules.{home}" for name, home in _SCHEDULES.items()},
    **{name: f"polynet.train.{home}" for name, home in _OPTIMISATION.items()},
    **_REGISTRIES,
    **dict.fromkeys(_CONTAINERS, "polynet.models.base_module"),
    **dict.fromkeys((*_INITIALISERS, *_FUNCTIONS, "WEIGHT_INITIALIZERS"), _RULES),
    **dict.fromkeys(_PREPROCESSORS, "polynet.data.preprocessors"),
    "BaseDataElement": "polynet.data.data_sample:DataElement",
    "BaseMetric": "polynet.metrics.process_metric",
    "BaseModel": "polynet.models.mmengine_model",
    "Config": "polynet.config",
    "Evaluator": "polynet.metrics.evaluator",
    "DefaultSampler": "polynet.data.sampler:default_sampler",
    "Hook": "polynet.train.hook",
    "Runner": "polynet.train.runner",
    "default_collate": "polynet.data.collate:collate",
    "pseudo_collate": "polynet.data.collate",
}
"""The module in which each name is found, and its name there where that is another."""

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before."""
    if name not in _HOMES:
        raise unknown_attribute(__name__, name, __all__)
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(module), attribute or name)


lay_out(
    __name__,
    {
        "config": ("Config",),
        "dataset": ("DefaultSampler", "default_collate", "pseudo_collate"),
        "dataset.sampler": ("DefaultSampler",),
        "dataset.utils": ("default_collate", "pseudo_collate"),
        "evaluator": ("BaseMetric", "Evaluator"),
        "evaluator.metric": ("BaseMetric",),
        "hooks": ("Hook", *_HOOKS),
        "hooks.hook": ("Hook",),
        "model": (*_CONTAINERS, *_INITIALISERS, *_FUNCTIONS, "BaseModel", *_PREPROCESSORS, *_AVERAGES),
        "model.averaged_model": _AVERAGES,
        "model.base_model": ("BaseModel", *_PREPROCESSORS),
        "model.base_module": _CONTAINERS,
        "model.weight_init": (*_INITIALISERS, *_FUNCTIONS),
        "optim": (*_OPTIMISATION, *_SCHEDULES, "OPTIM_WRAPPERS", "OPTIM_WRAPPER_CONSTRUCTORS"),
        "optim.optimizer": (*_OPTIMISATION, "OPTIM_WRAPPERS", "OPTIM_WRAPPER_CONSTRUCTORS"),
        "optim.scheduler": tuple(_SCHEDULES),
        "registry": (*_REGISTRIES, "WEIGHT_INITIALIZERS"),
        "runner": ("Runner",),
        "runner.runner": ("Runner",),
        "structures": ("BaseDataElement",),
    },
)
