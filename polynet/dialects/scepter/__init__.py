"""Scepter: components made from one `Config` object, registered by name in a registry of their kind.

Everything is here by its own name, and under the path at which Scepter, or its documentation, has it. Its documentation
writes `metrics`, `tokenizers` and `networks` where its code has `metric`, `tokenizer` and `network`: both are found.

Registering a name again warns and replaces, as in Scepter. Where the name is one of PolyNet's own, the new class is
found by this dialect alone.
"""

from __future__ import annotations

import importlib
from typing import Any

from polynet.config.scepter import ScepterConfig as Config
from polynet.dialects.layout import lay_out
from polynet.dialects.scepter.base_metric import BaseMetric
from polynet.dialects.scepter.base_tokenizer import BaseTokenizer
from polynet.errors import unknown_attribute
from polynet.models.base_model import BaseModel
from polynet.models.networks.train_module import TrainModule
from polynet.registry import Registry

BACKBONES = Registry("BACKBONES", "backbone", scopes=("scepter",), replace=True)
NECKS = Registry("NECKS", "neck", scopes=("scepter",), replace=True)
HEADS = Registry("HEADS", "head", scopes=("scepter",), replace=True)
LOSSES = Registry("LOSSES", "loss", scopes=("scepter",), replace=True)
METRICS = Registry("METRICS", "metric", scopes=("scepter",), replace=True)
TOKENIZERS = Registry("TOKENIZERS", "tokenizer", scopes=("scepter",), replace=True)
TUNERS = Registry("TUNERS", "tuner", scopes=("scepter",), replace=True)
MODELS = Registry("MODELS", "network", scopes=("scepter",), replace=True)

_HOOKS = "polynet.train.solver.hooks"
_HOMES = {
    "BackwardHook": _HOOKS,
    "BaseSolver": "polynet.train.solver.solvers:EvaluationSolver",  # of which the other derives here
    "CheckpointHook": "polynet.train.hooks.checkpoint_hook",
    "DistSamplerHook": _HOOKS,
    "HOOKS": "polynet.train.registry",
    "Hook": "polynet.train.hook",
    "LogHook": "polynet.train.hooks.log_hook",
    "LrHook": _HOOKS,
    "SOLVERS": "polynet.train.solver.registry",
    "TensorboardLogHook": "polynet.train.hooks.tensorboard_hook:TensorBoardHook",
    "TrainValSolver": "polynet.train.solver.solvers",
}
"""The module in which each name of training is found, and its name there where that is another."""

__all__ = [
    "BACKBONES",
    "HEADS",
    "LOSSES",
    "METRICS",
    "MODELS",
    "NECKS",
    "TOKENIZERS",
    "TUNERS",
    "BaseMetric",
    "BaseModel",
    "BaseTokenizer",
    "Config",
    "TrainModule",
    *_HOMES,
]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before."""
    if name not in _HOMES:
        raise unknown_attribute(__name__, name, __all__)
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(module), attribute or name)


_REGISTRIES = ("BACKBONES", "NECKS", "HEADS", "LOSSES", "TUNERS", "TOKENIZERS", "MODELS")

lay_out(
    __name__,
    {
        "modules.model.registry": (*_REGISTRIES, "METRICS"),
        "modules.model.base_model": ("BaseModel",),
        "modules.model.metric": ("METRICS", "BaseMetric"),
        "modules.model.metric.registry": ("METRICS",),
        "modules.model.metric.base_metric": ("BaseMetric",),
        "modules.model.tokenizer": ("TOKENIZERS", "BaseTokenizer"),
        "modules.model.tokenizer.base_tokenizer": ("BaseTokenizer",),
        "modules.model.network": ("MODELS", "TrainModule"),
        "modules.model.network.train_module": ("TrainModule",),
        "modules.solver": ("SOLVERS", "BaseSolver", "TrainValSolver"),
        "modules.solver.base_solver": ("BaseSolver",),
        "modules.solver.hooks": tuple(name for name in _HOMES if name == "HOOKS" or name.endswith("Hook")),
        "modules.solver.hooks.backward": ("BackwardHook",),
        "modules.solver.hooks.checkpoint": ("CheckpointHook",),
        "modules.solver.hooks.hook": ("Hook",),
        "modules.solver.hooks.log": ("LogHook", "TensorboardLogHook"),
        "modules.solver.hooks.lr": ("LrHook",),
        "modules.solver.hooks.registry": ("HOOKS",),
        "modules.solver.hooks.sampler": ("DistSamplerHook",),
        "modules.solver.registry": ("SOLVERS",),
        "modules.solver.train_val_solver": ("TrainValSolver",),
        "modules.utils.config": ("Config",),
    },
    spellings={"metric": "metrics", "tokenizer": "tokenizers", "network": "networks"},
)
