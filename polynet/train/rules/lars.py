"""LARS: each layer's step follows the ratio of its weights' norm to its update's.

You, Gitman and Ginsburg (2017): Large Batch Training of Convolutional Networks, arXiv:1708.03888. Two forms are in use.
BaseCls and timm scale the whole step, momentum included, by the ratio; that is the default. The paper, and OpenMMLab's
recipes, scale the gradient before the momentum, with a coefficient `eta`; give `eta` (theirs is 0.001) for it.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from polynet.train.rules.arithmetic import Arithmetic
from polynet.train.rules.option import at_least_zero, at_least_zero_or_none, flag
from polynet.train.rules.rule import Rule
from polynet.train.rules.sgd import check_nesterov, with_momentum
from polynet.types import Tensor


class LARS(Rule):
    """Layer-wise adaptive rate scaling.

    Options beside those of SGD:

    * `always_adapt`: scale also parameters without weight decay, which are left alone otherwise.
    * `eta`: The paper's trust coefficient; `None` for the form of BaseCls.
    * `eps`: Added to the denominator, in the paper's form alone.
    * `lars_exclude`: Leave a group unscaled whatever its weight decay; OpenMMLab's name.
    """

    name = "lars"
    options = {
        "lr": at_least_zero(1e-3),
        "momentum": at_least_zero(0.0),
        "weight_decay": at_least_zero(0.0),
        "nesterov": flag(False),
        "always_adapt": flag(False),
        "eta": at_least_zero_or_none(None),
        "eps": at_least_zero(1e-8),
        "lars_exclude": flag(False),
    }
    counts = False

    def check(self, settings: Mapping[str, Any]) -> None:
        """Nesterov's momentum needs momentum."""
        check_nesterov(self.name, settings)

    def state_names(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """The momentum's buffer, where there is momentum."""
        return ("momentum_buffer",) if settings["momentum"] != 0 else ()

    def update(
        self,
        arithmetic: Arithmetic,
        parameter: Tensor,
        gradient: Tensor,
        state: MutableMapping[str, Any],
        settings: Mapping[str, Any],
    ) -> Tensor:
        """One step of one parameter."""
        adapts = (settings["always_adapt"] or settings["weight_decay"] > 0) and not settings["lars_exclude"]
        direction = self.descent(arithmetic, parameter, gradient, settings)
        if settings["eta"] is not None:
            return self._paper_step(arithmetic, parameter, gradient, direction, state, settings, adapts)
        direction = with_momentum(arithmetic, direction, state, settings)
        rate: Any = -settings["lr"]
        if adapts:
            weights, length = arithmetic.norm(parameter), arithmetic.norm(direction)
            trust = arithmetic.ratio(weights, length, weights, length)
            rate = arithmetic.scaled(trust, rate)
        return arithmetic.multiply_add(direction, rate, parameter)

    def _paper_step(
        self,
        arithmetic: Arithmetic,
        parameter: Tensor,
        gradient: Tensor,
        direction: Tensor,
        state: MutableMapping[str, Any],
        settings: Mapping[str, Any],
        adapts: bool,
    ) -> Tensor:
        """The learning rate and the ratio, `eta * |w| / (|g| + decay * |w| + eps)`, enter the momentum's buffer."""
        direction = arithmetic.scaled(direction, settings["lr"])
        if adapts:
            weights, slope = arithmetic.norm(parameter), arithmetic.norm(gradient)
            length = arithmetic.multiply_add(
                weights, settings["weight_decay"], arithmetic.affine(slope, 1.0, settings["eps"])
            )
            direction = direction * arithmetic.ratio(
                arithmetic.scaled(weights, settings["eta"]), length, weights, slope
            )
        direction = with_momentum(arithmetic, direction, state, settings)
        return arithmetic.multiply_add(direction, -1.0, parameter)
