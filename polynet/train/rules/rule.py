"""What an update rule is: an optimiser's options, its state, and one step of one parameter, in neutral terms.

A backend steps with its framework's own optimiser where that means the same, and with the rule where the framework has
none, has one that differs, or has one that is slower. So the rule is also the one place that knows an optimiser's
options and the names of its state.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, MutableMapping
from typing import Any, ClassVar

from polynet.errors import OptionError, suggest
from polynet.train.rules.arithmetic import Arithmetic
from polynet.train.rules.option import Option
from polynet.types import Tensor


class Rule(abc.ABC):
    """An update rule.

    Attributes:
        name: The optimiser's name in configs: `"sgd"`.
        options: Its options, by the names that torch gives them.
        counts: Whether its state counts the steps of each parameter, under `"step"`.
    """

    name: ClassVar[str]
    options: ClassVar[Mapping[str, Option]]
    counts: ClassVar[bool] = True

    def settings(self, given: Mapping[str, Any], within: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Every option's value.

        Args:
            given: What the user gave.
            within: The settings that hold where nothing is given; the defaults where this is left out.

        Returns:
            Plain Python numbers, by option.

        Raises:
            OptionError: There is no such option, its value cannot be used, or two do not go together.
        """
        for name in given:
            if name not in self.options:
                message = (
                    f"Optimiser {self.name!r} has no option {name!r}; it has {', '.join(self.options)}."
                    f"{suggest(name, self.options)}"
                )
                raise OptionError(message)
        filled = {name: option.default for name, option in self.options.items()} if within is None else dict(within)
        filled.update({name: self.options[name].checked(self.name, name, value) for name, value in given.items()})
        self.check(filled)
        return filled

    def check(self, settings: Mapping[str, Any]) -> None:  # noqa: B027 - most rules have nothing to refuse
        """Raise `OptionError` where two options do not go together."""

    @abc.abstractmethod
    def state_names(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Names of the tensors, shaped as the parameter, that the state holds after a step; torch's names."""

    @abc.abstractmethod
    def update(
        self,
        arithmetic: Arithmetic,
        parameter: Tensor,
        gradient: Tensor,
        state: MutableMapping[str, Any],
        settings: Mapping[str, Any],
    ) -> Tensor:
        """One step of one parameter.

        Args:
            arithmetic: The operations to use.
            parameter: Its numbers before the step.
            gradient: Its gradient.
            state: Its state, empty before the first step (but for `"step"`); tensors in it are replaced, not changed.
            settings: The value of every option.

        Returns:
            Its numbers after the step.
        """

    def descent(
        self, arithmetic: Arithmetic, parameter: Tensor, gradient: Tensor, settings: Mapping[str, Any]
    ) -> Tensor:
        """The gradient, turned round to maximise, with the weight decay as its L2 penalty adds it."""
        if settings.get("maximize"):
            gradient = arithmetic.scaled(gradient, -1.0)
        decay = settings["weight_decay"]
        return arithmetic.multiply_add(parameter, decay, gradient) if decay != 0 else gradient
