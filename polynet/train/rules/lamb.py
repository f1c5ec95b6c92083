"""LAMB: Adam whose step, per layer, is as long as the ratio of the weights' norm to its own says.

You et al. (2019): Large Batch Optimization for Deep Learning: Training BERT in 76 minutes, arXiv:1904.00962. Options,
defaults and formulas are those of BaseCls, which follows timm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping
from typing import Any

from polynet.train.rules.adam import running_averages
from polynet.train.rules.arithmetic import Arithmetic
from polynet.train.rules.option import at_least_zero, flag, pair_of_fractions
from polynet.train.rules.rule import Rule
from polynet.types import Tensor


class LAMB(Rule):
    """Layer-wise adaptive moments.

    Options beside those of AdamW:

    * `bias_correction`: divide the averages by `1 - beta ** step`.
    * `grad_averaging`: let each gradient count `1 - beta` in its average, and not 1.
    * `always_adapt`: scale also parameters without weight decay, which are left alone otherwise.
    * `trust_clip`: let the ratio be 1 at most.
    """

    name = "lamb"
    options = {
        "lr": at_least_zero(1e-3),
        "betas": pair_of_fractions((0.9, 0.999)),
        "eps": at_least_zero(1e-8),
        "weight_decay": at_least_zero(0.0),
        "bias_correction": flag(True),
        "grad_averaging": flag(True),
        "always_adapt": flag(False),
        "trust_clip": flag(False),
    }

    def state_names(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """The two averages."""
        return ("exp_avg", "exp_avg_sq")

    def update(
        self,
        arithmetic: Arithmetic,
        parameter: Tensor,
        gradient: Tensor,
        state: MutableMapping[str, Any],
        settings: Mapping[str, Any],
    ) -> Tensor:
        """One step of one parameter."""
        first, second = settings["betas"]
        decay = settings["weight_decay"]
        step = state["step"] = state["step"] + 1
        share = 1.0 - first if settings["grad_averaging"] else 1.0
        average, square = running_averages(arithmetic, gradient, state, settings["betas"], share)
        corrects = settings["bias_correction"]
        scale = 1.0 / math.sqrt(1.0 - second**step) if corrects else 1.0
        direction = average / arithmetic.affine(arithmetic.square_root(square), scale, settings["eps"])
        if corrects:
            direction = arithmetic.scaled(direction, 1.0 / (1.0 - first**step))
        if decay != 0:
            direction = arithmetic.multiply_add(parameter, decay, direction)
        rate: Any = -settings["lr"]
        if settings["always_adapt"] or decay > 0:
            weights, length = arithmetic.norm(parameter), arithmetic.norm(direction)
            trust = arithmetic.ratio(weights, length, weights, length)
            if settings["trust_clip"]:
                trust = arithmetic.at_most(trust, 1.0)
            rate = arithmetic.scaled(trust, rate)
        return arithmetic.multiply_add(direction, rate, parameter)
