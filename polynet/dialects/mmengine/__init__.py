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
_HOMES = {
    **dict.fromkeys(_CONTAINERS, "polynet.models.base_module"),
    **dict.fromkeys((*_INITIALISERS, *_FUNCTIONS, "WEIGHT_INITIALIZERS"), _RULES),
    **dict.fromkeys(_PREPROCESSORS, "polynet.data.preprocessors"),
    "BaseDataElement": "polynet.data.data_sample:DataElement",
    "BaseMetric": "polynet.metrics.process_metric",
    "BaseModel": "polynet.models.mmengine_model",
    "Config": "polynet.config",
    "Evaluator": "polynet.metrics.evaluator",
    "METRICS": "polynet.registry",
    "MODELS": "polynet.dialects.mmpretrain.registry",
    "Runner": "polynet.train.runner",
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
        "evaluator": ("BaseMetric", "Evaluator"),
        "evaluator.metric": ("BaseMetric",),
        "model": (*_CONTAINERS, *_INITIALISERS, *_FUNCTIONS, "BaseModel", *_PREPROCESSORS),
        "model.base_model": ("BaseModel", *_PREPROCESSORS),
        "model.base_module": _CONTAINERS,
        "model.weight_init": (*_INITIALISERS, *_FUNCTIONS),
        "registry": ("METRICS", "MODELS", "WEIGHT_INITIALIZERS"),
        "runner": ("Runner",),
        "structures": ("BaseDataElement",),
    },
)
