"""RMSprop, as torch defines it.

Tieleman and Hinton (2012): Lecture 6.5 of Neural Networks for Machine Learning; `centered` from Graves (2013),
arXiv:1308.0850.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from polynet.train.rules.arithmetic import Arithmetic
from polynet.train.rules.option import at_least_zero, flag, fraction
from polynet.train.rules.rule import Rule
from polynet.types import Tensor


class RMSprop(Rule):
    """RMSprop: the gradient over the root of the running average of its square."""

    name = "rmsprop"
    options = {
        "lr": at_least_zero(1e-2),
        "alpha": fraction(0.99, one=True),
        "eps": at_least_zero(1e-8),
        "weight_decay": at_least_zero(0.0),
        "momentum": at_least_zero(0.0),
        "centered": flag(False),
        "maximize": flag(False),
    }

    def state_names(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """The average square; with momentum its buffer, and where centered the average gradient."""
        return (
            "square_avg",
            *(("momentum_buffer",) if settings["momentum"] > 0 else ()),
            *(("grad_avg",) if settings["centered"] else ()),
        )

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
        keep = settings["alpha"]
        state["step"] += 1
        square = _averaged(arithmetic, state, "square_avg", gradient * gradient, keep)
        if settings["centered"]:
            mean = _averaged(arithmetic, state, "grad_avg", gradient, keep)
            # Of gradients that do not change the variance is 0, and rounding may take it below: its root would be NaN.
            square = arithmetic.maximum(square - mean * mean, arithmetic.full_like(square, 0.0))
        direction = gradient / arithmetic.affine(arithmetic.square_root(square), 1.0, settings["eps"])
        if settings["momentum"] > 0:
            buffer = state.get("momentum_buffer")
            if buffer is not None:
                direction = arithmetic.moved(buffer, settings["momentum"], direction, 1.0)
            state["momentum_buffer"] = direction
        return arithmetic.moved(parameter, 1.0, direction, -settings["lr"])


def _averaged(arithmetic: Arithmetic, state: MutableMapping[str, Any], name: str, value: Tensor, keep: float) -> Tensor:
    """A running average, which starts at 0, with one more value in it."""
    share = 1.0 - keep
    known = state.get(name)
    state[name] = arithmetic.scaled(value, share) if known is None else arithmetic.moved(known, keep, value, share)
    return state[name]
