"""Adadelta, as torch defines it.

Zeiler (2012): ADADELTA: An Adaptive Learning Rate Method, arXiv:1212.5701.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from polynet.train.rules.arithmetic import Arithmetic
from polynet.train.rules.option import at_least_zero, flag, fraction
from polynet.train.rules.rule import Rule
from polynet.types import Tensor


class Adadelta(Rule):
    """Adadelta: the step's length follows from the steps before, so that `lr` is 1."""

    name = "adadelta"
    options = {
        "lr": at_least_zero(1.0),
        "rho": fraction(0.9, one=True),
        "eps": at_least_zero(1e-6),
        "weight_decay": at_least_zero(0.0),
        "maximize": flag(False),
    }

    def state_names(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """The average squares of gradients and of steps."""
        return ("square_avg", "acc_delta")

    def update(
        self,
        arithmetic: Arithmetic,
        parameter: Tensor,
        gradient: Tensor,
        state: MutableMapping[str, Any],
        settings: Mapping[str, Any],
    ) -> Tensor:
        """One step of one parameter."""
        gradient = self.descent(arithmetic, parameter, gradient, settings)
        keep, eps = settings["rho"], settings["eps"]
        state["step"] += 1
        square = gradient * gradient
        steps = state.get("acc_delta")
        if steps is None:
            steps = arithmetic.full_like(parameter, 0.0)
            square = arithmetic.scaled(square, 1.0 - keep)
        else:
            square = arithmetic.moved(state["square_avg"], keep, square, 1.0 - keep)
        root = arithmetic.square_root(arithmetic.affine(square, 1.0, eps))
        delta = arithmetic.square_root(arithmetic.affine(steps, 1.0, eps)) / root * gradient
        state["square_avg"] = square
        state["acc_delta"] = arithmetic.moved(steps, keep, delta * delta, 1.0 - keep)
        return arithmetic.moved(parameter, 1.0, delta, -settings["lr"])
