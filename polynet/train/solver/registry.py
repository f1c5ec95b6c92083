"""Solvers by name, built as EssentialMC2 and Scepter build them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.registry.parts import PartRegistry


class SolverRegistry(PartRegistry):
    """Names of solvers; `build` takes the network first.

    Example:
        >>> parts = {"backbone": {"name": "MLP", "in_dim": [4, 8], "out_dim": 5}}
        >>> parts["head"] = {"name": "ClassifierHead", "dim": 5, "num_classes": 4}
        >>> net = polynet.build({"name": "Classifier", **parts}, backend="torch")
        >>> type(SOLVERS.build(net, {"type": "TrainValSolver", "optimizer": {"type": "SGD", "lr": 0.1}})).__name__
        'TrainValSolver'
    """

    def build(self, config: Any, *configs: Any, **options: Any) -> Any:
        """Make a solver, of a network and a config, or of a config alone that has the network's as `model`.

        Args:
            config: The network; or the config, in Scepter's form.
            *configs: The config, after a network.
            **options: Further arguments of the solver, such as `logger`.

        Raises:
            ConfigKeyError: The config has no `type`, or there is no network.
            UnknownNameError: There is no such solver.
            PolyNetError: A part cannot be built.
        """
        from polynet.train.solver.config import solver_from

        if not configs and isinstance(config, Mapping):
            return solver_from({"solver": {**config, **options}})
        return super().build(*configs, model=config, **options)


SOLVERS = SolverRegistry(
    "solver",
    dict.fromkeys(("EvaluationSolver", "TrainValSolver"), "polynet.train.solver.solvers"),
)
