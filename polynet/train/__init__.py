"""Training: one loop for every framework, and the faces under which other libraries know it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from polynet.errors import unknown_attribute

if TYPE_CHECKING:
    from polynet.data.loader import DataLoader as DataLoader
    from polynet.metrics.evaluator import Evaluator as Evaluator
    from polynet.models.mmengine_model import BaseModel as BaseModel
    from polynet.train.amp_optim_wrapper import AmpOptimWrapper as AmpOptimWrapper
    from polynet.train.engine import Engine as Engine
    from polynet.train.faces import engine_from as engine_from
    from polynet.train.hook import Hook as Hook
    from polynet.train.optim_wrapper import OptimWrapper as OptimWrapper
    from polynet.train.optim_wrapper import build_optim_wrapper as build_optim_wrapper
    from polynet.train.optim_wrapper_dict import OptimWrapperDict as OptimWrapperDict
    from polynet.train.registry import HOOKS as HOOKS
    from polynet.train.registry import SCHEDULES as SCHEDULES
    from polynet.train.runner import Runner as Runner
    from polynet.train.solver.solvers import EvaluationSolver as EvaluationSolver
    from polynet.train.solver.solvers import TrainValSolver as TrainValSolver
    from polynet.train.tasks.classification import ClassificationTask as ClassificationTask

_HOMES = {
    "AmpOptimWrapper": "polynet.train.amp_optim_wrapper",
    "BaseModel": "polynet.models.mmengine_model",
    "ClassificationTask": "polynet.train.tasks.classification",
    "DataLoader": "polynet.data.loader",
    "Engine": "polynet.train.engine",
    "EvaluationSolver": "polynet.train.solver.solvers",
    "Evaluator": "polynet.metrics.evaluator",
    "HOOKS": "polynet.train.registry",
    "Hook": "polynet.train.hook",
    "OptimWrapper": "polynet.train.optim_wrapper",
    "OptimWrapperDict": "polynet.train.optim_wrapper_dict",
    "Runner": "polynet.train.runner",
    "SCHEDULES": "polynet.train.registry",
    "TrainValSolver": "polynet.train.solver.solvers",
    "build_optim_wrapper": "polynet.train.optim_wrapper",
    "engine_from": "polynet.train.faces",
}
"""Public names, and the module each is found in when first used."""

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before."""
    if name not in _HOMES:
        raise unknown_attribute(__name__, name, __all__)
    return getattr(importlib.import_module(_HOMES[name]), name)
