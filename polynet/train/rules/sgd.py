"""Stochastic gradient descent with momentum, as torch defines it.

Sutskever, Martens, Dahl and Hinton (2013): On the importance of initialization and momentum in deep learning.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from polynet.errors import OptionError
from polynet.train.rules.arithmetic import Arithmetic
from polynet.train.rules.option import any_number, at_least_zero, flag
from polynet.train.rules.rule import Rule
from polynet.types import Tensor


def with_momentum(
    arithmetic: Arithmetic, gradient: Tensor, state: MutableMapping[str, Any], settings: Mapping[str, Any]
) -> Tensor:
    """The direction of a step with momentum; the first step's buffer is the gradient itself."""
    momentum = settings["momentum"]
    if momentum == 0:
        return gradient
    buffer = state.get("momentum_buffer")
    if buffer is None:
        # A copy, since the gradient's own tensor may be changed before the next step.
        buffer = arithmetic.scaled(gradient, 1.0)
    else:
        dampening = settings.get("dampening", 0)
        buffer = arithmetic.moved(buffer, momentum, gradient, 1.0 - dampening)
    state["momentum_buffer"] = buffer
    return arithmetic.multiply_add(buffer, momentum, gradient) if settings["nesterov"] else buffer


def check_nesterov(name: str, settings: Mapping[str, Any]) -> None:
    """Raise `OptionError` where Nesterov's momentum is asked for without momentum, or with dampening."""
    if settings["nesterov"] and (settings["momentum"] <= 0 or settings.get("dampening", 0) != 0):
        message = (
            f"Optimiser {name!r}: nesterov=True needs a momentum above 0 and no dampening, not "
            f"momentum={settings['momentum']!r}, dampening={settings.get('dampening', 0)!r}."
        )
        raise OptionError(message)


class SGD(Rule):
    """Stochastic gradient descent.

    Example:
        >>> SGD().settings({"lr": 0.1, "momentum": 0.9})["momentum"]
        0.9
    """

    name = "sgd"
    options = {
        "lr": at_least_zero(1e-3),
        "momentum": at_least_zero(0.0),
        "dampening": any_number(0.0),
        "weight_decay": at_least_zero(0.0),
        "nesterov": flag(False),
        "maximize": flag(False),
    }
    counts = False

    def check(self, settings: Mapping[str, Any]) -> None:
        """Nesterov's momentum needs momentum, and no dampening."""
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
        gradient = self.descent(arithmetic, parameter, gradient, settings)
        direction = with_momentum(arithmetic, gradient, state, settings)
        return arithmetic.moved(parameter, 1.0, direction, -settings["lr"])
