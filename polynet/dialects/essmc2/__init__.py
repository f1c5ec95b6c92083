"""EssentialMC2: networks with a training and a testing method, parts built from dictionaries with `type`.

Everything is here by its own name, and under the path at which EssentialMC2 has it. A bare `type` means what it means
there: `ResNet` is the backbone that returns one map. Registering a name again warns and replaces; where the name is one
of PolyNet's own, the new class is found by this dialect alone.
"""

from __future__ import annotations

import importlib
from typing import Any

from polynet.dialects.layout import lay_out
from polynet.errors import unknown_attribute
from polynet.models.networks.train_module import TrainModule
from polynet.registry import Registry

_SCOPES = ("essmc2", "scepter")

BACKBONES = Registry("BACKBONES", "backbone", scopes=_SCOPES, replace=True)
NECKS = Registry("NECKS", "neck", scopes=_SCOPES, replace=True)
HEADS = Registry("HEADS", "head", scopes=_SCOPES, replace=True)
LOSSES = Registry("LOSSES", "loss", scopes=_SCOPES, replace=True)
METRICS = Registry("METRICS", "metric", scopes=_SCOPES, replace=True)
MODELS = Registry("MODELS", "network", scopes=_SCOPES, replace=True)

_SOLVERS = "polynet.train.solver.solvers"
_HOOKS = "polynet.train.solver.hooks"
_HOMES = {
    "BackwardHook": _HOOKS,
    "BaseSolver": f"{_SOLVERS}:EvaluationSolver",  # of which the other derives here
    "CheckpointHook": "polynet.train.hooks.checkpoint_hook",
    "DistSamplerHook": _HOOKS,
    "EvaluationSolver": _SOLVERS,
    "HOOKS": "polynet.train.registry",
    "Hook": "polynet.train.hook",
    "LogHook": "polynet.train.hooks.log_hook",
    "LrHook": _HOOKS,
    "SOLVERS": "polynet.train.solver.registry",
    "TensorboardLogHook": "polynet.train.hooks.tensorboard_hook:TensorBoardHook",
    "TrainValSolver": _SOLVERS,
}
"""The module in which each name of training is found, and its name there where that is another."""

__all__ = ["BACKBONES", "HEADS", "LOSSES", "METRICS", "MODELS", "NECKS", "TrainModule", *_HOMES]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before."""
    if name not in _HOMES:
        raise unknown_attribute(__name__, name, __all__)
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(module), attribute or name)


_OF_MODELS = ("BACKBONES", "NECKS", "HEADS", "LOSSES", "MODELS")

lay_out(
    __name__,
    {
        "models": (*_OF_MODELS, "TrainModule"),
        "models.registry": _OF_MODELS,
        "models.networks": ("TrainModule",),
        "models.networks.train_module": ("TrainModule",),
        "hooks": tuple(name for name in _HOMES if name == "HOOKS" or name.endswith("Hook")),
        "hooks.backward": ("BackwardHook",),
        "hooks.checkpoint": ("CheckpointHook",),
        "hooks.hook": ("Hook",),
        "hooks.log": ("LogHook",),
        "hooks.lr": ("LrHook",),
        "hooks.registry": ("HOOKS",),
        "hooks.sampler": ("DistSamplerHook",),
        "hooks.tensorboard": ("TensorboardLogHook",),
        "solvers": tuple(name for name in _HOMES if name.lower().endswith(("solver", "solvers"))),
        "solvers.base_solver": ("BaseSolver",),
        "solvers.evaluation_solver": ("EvaluationSolver",),
        "solvers.registry": ("SOLVERS",),
        "solvers.train_val_solver": ("TrainValSolver",),
        "utils.metrics": ("METRICS",),
    },
)
