"""Adagrad, as torch defines it: `eps` is added to the root, not under it.

Duchi, Hazan and Singer (2011): Adaptive Subgradient Methods for Online Learning and Stochastic Optimization.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from polynet.train.rules.arithmetic import Arithmetic
from polynet.train.rules.option import at_least_zero, flag
from polynet.train.rules.rule import Rule
from polynet.types import Tensor


class Adagrad(Rule):
    """Adagrad: the gradient over the root of the sum of its squares."""

    name = "adagrad"
    options = {
        "lr": at_least_zero(1e-2),
        "lr_decay": at_least_zero(0.0),
        "weight_decay": at_least_zero(0.0),
        "initial_accumulator_value": at_least_zero(0.0),
        "eps": at_least_zero(1e-10),
        "maximize": flag(False),
    }

    def state_names(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """The sum of squares."""
        return ("sum",)

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
        rate = settings["lr"] / (1.0 + state["step"] * settings["lr_decay"])
        state["step"] += 1
        square = gradient * gradient
        if "sum" in state:
            square = arithmetic.moved(state["sum"], 1.0, square, 1.0)
        elif settings["initial_accumulator_value"] != 0:
            square = arithmetic.affine(square, 1.0, settings["initial_accumulator_value"])
        state["sum"] = square
        direction = gradient / arithmetic.affine(arithmetic.square_root(square), 1.0, settings["eps"])
        return arithmetic.moved(parameter, 1.0, direction, -rate)
