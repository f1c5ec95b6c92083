"""MMEngine: modules that initialise themselves by rules in their config, and the samples that networks are given."""

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
_HOMES = {
    **dict.fromkeys(_CONTAINERS, "polynet.models.base_module"),
    **dict.fromkeys((*_INITIALISERS, *_FUNCTIONS, "WEIGHT_INITIALIZERS"), _RULES),
    "BaseDataElement": "polynet.data.data_sample:DataElement",
    "Config": "polynet.config",
    "MODELS": "polynet.dialects.mmpretrain.registry",
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
        "model": (*_CONTAINERS, *_INITIALISERS, *_FUNCTIONS),
        "model.base_module": _CONTAINERS,
        "model.weight_init": (*_INITIALISERS, *_FUNCTIONS),
        "registry": ("MODELS", "WEIGHT_INITIALIZERS"),
        "structures": ("BaseDataElement",),
    },
)
