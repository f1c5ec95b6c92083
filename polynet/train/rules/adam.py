"""Adam and AdamW, as torch defines them.

Kingma and Ba (2014): Adam: A Method for Stochastic Optimization, arXiv:1412.6980. Loshchilov and Hutter (2017):
Decoupled Weight Decay Regularization, arXiv:1711.05101. Reddi, Kale and Kumar (2018): On the Convergence of Adam and
Beyond, for `amsgrad`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping
from typing import Any

from polynet.train.rules.arithmetic import Arithmetic
from polynet.train.rules.option import at_least_zero, flag, pair_of_fractions
from polynet.train.rules.rule import Rule
from polynet.types import Tensor


def running_averages(
    arithmetic: Arithmetic, gradient: Tensor, state: MutableMapping[str, Any], betas: tuple[float, float], share: float
) -> tuple[Tensor, Tensor]:
    """The new averages of the gradient, each of which counts `share`, and of its square."""
    first, second = betas
    square = gradient * gradient
    if "exp_avg" in state:
        average = arithmetic.moved(state["exp_avg"], first, gradient, share)
        square = arithmetic.moved(state["exp_avg_sq"], second, square, 1.0 - second)
    else:
        average = arithmetic.scaled(gradient, share)
        square = arithmetic.scaled(square, 1.0 - second)
    state["exp_avg"], state["exp_avg_sq"] = average, square
    return average, square


class Adam(Rule):
    """Adam; the weight decay is added to the gradient.

    The corrections of the averages' bias are computed in Python's double precision: in float32, `1 - 0.999 ** step` is
    wrong by up to 3e-5 in the first steps.
    """

    name = "adam"
    options = {
        "lr": at_least_zero(1e-3),
        "betas": pair_of_fractions((0.9, 0.999)),
        "eps": at_least_zero(1e-8),
        "weight_decay": at_least_zero(0.0),
        "amsgrad": flag(False),
        "maximize": flag(False),
    }

    def state_names(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """The two averages; with `amsgrad` also the largest second one."""
        return ("exp_avg", "exp_avg_sq", *(("max_exp_avg_sq",) if settings["amsgrad"] else ()))

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
        return self._stepped(arithmetic, parameter, gradient, state, settings)

    def _stepped(
        self,
        arithmetic: Arithmetic,
        parameter: Tensor,
        gradient: Tensor,
        state: MutableMapping[str, Any],
        settings: Mapping[str, Any],
    ) -> Tensor:
        first, second = settings["betas"]
        step = state["step"] = state["step"] + 1
        average, square = running_averages(arithmetic, gradient, state, settings["betas"], 1.0 - first)
        if settings["amsgrad"]:
            # The first square is its own largest, also where the option came after some steps.
            square = arithmetic.maximum(state.get("max_exp_avg_sq", square), square)
            state["max_exp_avg_sq"] = square
        scale = 1.0 / math.sqrt(1.0 - second**step)
        denominator = arithmetic.affine(arithmetic.square_root(square), scale, settings["eps"])
        return arithmetic.moved(parameter, 1.0, average / denominator, -settings["lr"] / (1.0 - first**step))


class AdamW(Adam):
    """Adam with decoupled weight decay: the parameter shrinks by `lr * weight_decay` before its step."""

    name = "adamw"
    options = {**Adam.options, "weight_decay": at_least_zero(1e-2)}

    def update(
        self,
        arithmetic: Arithmetic,
        parameter: Tensor,
        gradient: Tensor,
        state: MutableMapping[str, Any],
        settings: Mapping[str, Any],
    ) -> Tensor:
        """One step of one parameter."""
        if settings["maximize"]:
            gradient = arithmetic.scaled(gradient, -1.0)
        if settings["weight_decay"] != 0:
            parameter = arithmetic.scaled(parameter, 1.0 - settings["lr"] * settings["weight_decay"])
        return self._stepped(arithmetic, parameter, gradient, state, settings)
