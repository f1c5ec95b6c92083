"""Annealing along half a cosine, once or with restarts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import attrs

from polynet.errors import OptionError
from polynet.nn.arguments import integer, number
from polynet.train.schedules.affine import IDENTITY, Affine
from polynet.train.schedules.floor import FloorSchedule


def _tuple(value: Sequence[float]) -> Sequence[float]:
    return tuple(value) if isinstance(value, list) else value


@attrs.frozen(kw_only=True)
class CosineAnnealingParamScheduler(FloorSchedule):
    """Goes to the floor along half a cosine.

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, here without restarts. Past
    `T_max`, which a schedule seldom reaches, it climbs along the cosine towards the base again.

    Args:
        T_max: Steps to the floor; all from `begin` to `end` where not given.

    Source: MMEngine; `torch.optim.lr_scheduler.CosineAnnealingLR`.

    Example:
        >>> schedule = CosineAnnealingLR(T_max=4, eta_min=0.2)
        >>> [round(schedule.value(epoch), 4) for epoch in range(5)]
        [1.0, 0.8828, 0.6, 0.3172, 0.2]
    """

    T_max: int | None = None

    spans = ("T_max",)

    def check(self) -> None:
        """Check the floor and the length."""
        super().check()
        if self.T_max is not None:
            integer(self.owner, "T_max", self.T_max, lowest=1)

    @property
    def length(self) -> int:
        """Steps to the floor."""
        return self.end - self.begin if self.T_max is None else self.T_max

    @property
    def multiplies(self) -> bool:
        """Where the floor is 0 and it does not climb again."""
        return not self.eta_min and not self.eta_min_ratio and self.end - self.begin - 1 <= self.length

    def at(self, step: int, group: int = 0) -> Affine:
        """The cosine; of the base once the floor was reached."""
        factor = (1 + math.cos(math.pi * step / self.length)) / 2
        return self.above_floor(factor, weight=1.0 if step > self.length else None)


@attrs.frozen(kw_only=True)
class CosineRestartParamScheduler(FloorSchedule):
    """Goes to the floor along half a cosine, period after period, each begun anew from the base.

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017. After the last period the value
    stays.

    Args:
        periods: Steps of each period.
        restart_weights: What the base is multiplied by at the beginning of each period, as many as periods.

    Source: MMEngine, `CosineRestartLR`.

    Example:
        >>> schedule = CosineRestartLR(periods=[2, 2], restart_weights=[1, 0.5], eta_min=0)
        >>> [round(schedule.value(epoch), 4) for epoch in range(5)]
        [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    periods: Sequence[int] = attrs.field(converter=_tuple)
    restart_weights: Sequence[float] = attrs.field(default=(1,), converter=_tuple)

    spans = ("periods",)

    def check(self) -> None:
        """Check the floor, and that each period has its weight."""
        super().check()
        for name in ("periods", "restart_weights"):
            if not isinstance(getattr(self, name), tuple) or not getattr(self, name):
                message = f"{self.owner}: {name} is a list such as [10, 20], not {getattr(self, name)!r}."
                raise OptionError(message)
        for period in self.periods:
            integer(self.owner, "a period", period, lowest=1)
        for weight in self.restart_weights:
            number(self.owner, "a restart weight", weight, lowest=0)
        if len(self.periods) != len(self.restart_weights):
            message = (
                f"{self.owner}: periods and restart_weights must be equally many; there are {len(self.periods)} and "
                f"{len(self.restart_weights)}."
            )
            raise OptionError(message)

    @property
    def multiplies(self) -> bool:
        """Never: each period begins from the base."""
        return False

    def at(self, step: int, group: int = 0) -> Affine:
        """The cosine of the period that the step lies in."""
        period, within = self._position(min(step, sum(self.periods) - 1))
        return self.above_floor(self._factor(period, within), weight=self.restart_weights[period])

    def change(self, step: int, since: int, group: int = 0) -> Affine:
        """The cosine's change, but over the beginning of a period, where nothing of the value is kept."""
        last = sum(self.periods) - 1
        if since >= last:
            return IDENTITY
        (period, within), (earlier, before) = self._position(min(step, last)), self._position(since)
        if period != earlier:
            return self.at(step, group)
        return self.above_floor(self._factor(period, within) / self._factor(period, before))

    def _position(self, step: int) -> tuple[int, int]:
        """The number of the period that a step lies in, and the step's number within it."""
        ends = list(itertools.accumulate(self.periods))
        period = next(number for number, end in enumerate(ends) if step < end)
        return period, step - (ends[period] - self.periods[period])

    def _factor(self, period: int, within: int) -> float:
        return (1 + math.cos(math.pi * within / self.periods[period])) / 2


@attrs.frozen(kw_only=True)
class CosineAnnealingLR(CosineAnnealingParamScheduler):
    """`CosineAnnealingParamScheduler` of the learning rate."""

    param_name: str = attrs.field(default="lr", init=False)


@attrs.frozen(kw_only=True)
class CosineAnnealingMomentum(CosineAnnealingParamScheduler):
    """`CosineAnnealingParamScheduler` of the momentum, which is the first beta of Adam and its like."""

    param_name: str = attrs.field(default="momentum", init=False)


@attrs.frozen(kw_only=True)
class CosineRestartLR(CosineRestartParamScheduler):
    """`CosineRestartParamScheduler` of the learning rate."""

    param_name: str = attrs.field(default="lr", init=False)


@attrs.frozen(kw_only=True)
class CosineRestartMomentum(CosineRestartParamScheduler):
    """`CosineRestartParamScheduler` of the momentum, which is the first beta of Adam and its like."""

    param_name: str = attrs.field(default="momentum", init=False)
