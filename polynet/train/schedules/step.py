"""A factor at regular steps, or at milestones."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import attrs

from polynet.errors import OptionError
from polynet.nn.arguments import integer, number
from polynet.train.schedules.affine import Affine
from polynet.train.schedules.schedule import Schedule


@attrs.frozen(kw_only=True)
class StepParamScheduler(Schedule):
    """Multiplies by `gamma` every `step_size` steps.

    Args:
        step_size: Steps from one decay to the next.
        gamma: The factor.

    Source: MMEngine; `torch.optim.lr_scheduler.StepLR`.

    Example:
        >>> schedule = StepLR(step_size=2, gamma=0.5)
        >>> [schedule.value(epoch) for epoch in range(5)]
        [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    step_size: int
    gamma: float = 0.1

    spans = ("step_size",)

    def check(self) -> None:
        """Check the size and the factor."""
        integer(self.owner, "step_size", self.step_size, lowest=1)
        number(self.owner, "gamma", self.gamma, lowest=0)

    def at(self, step: int, group: int = 0) -> Affine:
        """The power of `gamma` reached."""
        return Affine(float(self.gamma ** (step // self.step_size)))


def _milestones(value: Sequence[int]) -> tuple[int, ...]:
    """Milestones in order; what is no sequence of numbers is left for the check to refuse."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        try:
            return tuple(sorted(value))
        except TypeError:
            return tuple(value)
    return value


@attrs.frozen(kw_only=True)
class MultiStepParamScheduler(Schedule):
    """Multiplies by `gamma` at each milestone.

    Args:
        milestones: Steps, counted from `begin`, at which to decay; one that is named twice decays twice.
        gamma: The factor.

    Source: MMEngine; `torch.optim.lr_scheduler.MultiStepLR`.

    Example:
        >>> schedule = MultiStepLR(milestones=[2, 3], gamma=0.5)
        >>> [schedule.value(epoch) for epoch in range(5)]
        [1.0, 1.0, 0.5, 0.25, 0.25]
    """

    milestones: Sequence[int] = attrs.field(converter=_milestones)
    gamma: float = 0.1

    spans = ("milestones",)

    def check(self) -> None:
        """Check the milestones and the factor."""
        if not isinstance(self.milestones, tuple):
            message = f"{self.owner}: milestones is a list of steps such as [30, 60], not {self.milestones!r}."
            raise OptionError(message)
        for milestone in self.milestones:
            integer(self.owner, "a milestone", milestone)
        number(self.owner, "gamma", self.gamma, lowest=0)

    def at(self, step: int, group: int = 0) -> Affine:
        """The power of `gamma` reached."""
        return Affine(float(self.gamma ** bisect.bisect_right(self.milestones, step)))


@attrs.frozen(kw_only=True)
class StepLR(StepParamScheduler):
    """`StepParamScheduler` of the learning rate."""

    param_name: str = attrs.field(default="lr", init=False)


@attrs.frozen(kw_only=True)
class StepMomentum(StepParamScheduler):
    """`StepParamScheduler` of the momentum, which is the first beta of Adam and its like."""

    param_name: str = attrs.field(default="momentum", init=False)


@attrs.frozen(kw_only=True)
class MultiStepLR(MultiStepParamScheduler):
    """`MultiStepParamScheduler` of the learning rate."""

    param_name: str = attrs.field(default="lr", init=False)


@attrs.frozen(kw_only=True)
class MultiStepMomentum(MultiStepParamScheduler):
    """`MultiStepParamScheduler` of the momentum, which is the first beta of Adam and its like."""

    param_name: str = attrs.field(default="momentum", init=False)
