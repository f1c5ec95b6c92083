"""EssentialMC2's and Scepter's solvers: networks that return their own losses, trained and evaluated by the engine."""

from __future__ import annotations

from polynet.train.solver.config import solver_from as solver_from
from polynet.train.solver.registry import SOLVERS as SOLVERS
from polynet.train.solver.solvers import EvaluationSolver as EvaluationSolver
from polynet.train.solver.solvers import TrainValSolver as TrainValSolver

__all__ = ["SOLVERS", "EvaluationSolver", "TrainValSolver", "solver_from"]
