"""One cycle: up to a greatest value, then down to a very small one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import attrs

from polynet.errors import OptionError
from polynet.nn.arguments import choice, flags, fraction, integer, number
from polynet.train.schedules.affine import Affine
from polynet.train.schedules.schedule import FOREVER, Schedule


class _Phase(NamedTuple):
    """From one value to another, up to a step that need not be whole."""

    end: float
    start_value: float
    end_value: float


def _tuple(value: float | Sequence[float]) -> float | Sequence[float]:
    return tuple(value) if isinstance(value, list) else value


@attrs.frozen(kw_only=True)
class OneCycleParamScheduler(Schedule):
    """Rises from `eta_max / div_factor` to `eta_max`, then falls to the start divided by `final_div_factor`.

    Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2018. The
    value of the optimiser's settings plays no part. After the last step the value stays.

    Args:
        eta_max: The greatest value; a list has one for each group of parameters.
        total_steps: Steps of the cycle; all from `begin` to `end` where not given.
        pct_start: Share of the steps in which it rises.
        anneal_strategy: `"cos"` or `"linear"`.
        div_factor: `eta_max` divided by the first value.
        final_div_factor: The first value divided by the last.
        three_phase: Whether it falls to the first value as long as it rose, and to the last only then.

    Source: MMEngine; `torch.optim.lr_scheduler.OneCycleLR`, which schedules the momentum as well.

    Example:
        >>> schedule = OneCycleLR(eta_max=1.0, total_steps=5, pct_start=0.4, anneal_strategy="linear")
        >>> [round(schedule.value(step), 4) for step in range(5)]
        [0.04, 1.0, 0.6667, 0.3333, 0.0]
    """

    eta_max: float | Sequence[float] = attrs.field(converter=_tuple)
    total_steps: int | None = None
    pct_start: float = 0.3
    anneal_strategy: str = "cos"
    div_factor: float = 25.0
    final_div_factor: float = 1e4
    three_phase: bool = False

    spans = ("total_steps",)

    def check(self) -> None:
        """Check the options."""
        for value in self.eta_max if isinstance(self.eta_max, tuple) else (self.eta_max,):
            number(self.owner, "eta_max", value, above=0)
        if self.total_steps is not None:
            integer(self.owner, "total_steps", self.total_steps, lowest=1)
        elif self.end >= FOREVER:
            message = f"{self.owner}: total_steps or end says how long the cycle is; neither is given."
            raise OptionError(message)
        fraction(self.owner, "pct_start", self.pct_start)
        choice(self.owner, "anneal_strategy", self.anneal_strategy, ("cos", "linear"))
        number(self.owner, "div_factor", self.div_factor, above=0)
        number(self.owner, "final_div_factor", self.final_div_factor, above=0)
        flags(self.owner, three_phase=self.three_phase)

    @property
    def steps(self) -> int:
        """Steps of the cycle."""
        return self.end - self.begin if self.total_steps is None else self.total_steps

    @property
    def multiplies(self) -> bool:
        """Never: the values are its own."""
        return False

    @property
    def differs_by_group(self) -> bool:  # type: ignore[override]  # here it depends on the options
        """Whether there is a greatest value for each group."""
        return isinstance(self.eta_max, tuple)

    def at(self, step: int, group: int = 0) -> Affine:
        """The value, whatever there was."""
        step = min(step, self.steps - 1)
        phases = self._phases(self._greatest(group))
        begins = [0.0, *itertools.accumulate((phase.end for phase in phases), lambda _, end: end)]
        number = next((index for index, phase in enumerate(phases) if step <= phase.end), len(phases) - 1)
        phase, begin = phases[number], begins[number]
        part = (step - begin) / (phase.end - begin) if phase.end != begin else 1.0
        if self.anneal_strategy == "cos":
            part = (1 - math.cos(math.pi * part)) / 2
        return Affine(0.0, 0.0, phase.start_value + (phase.end_value - phase.start_value) * part)

    def _greatest(self, group: int) -> float:
        if not isinstance(self.eta_max, tuple):
            return float(self.eta_max)  # type: ignore[arg-type]  # checked to be a number
        if group >= len(self.eta_max):
            message = f"{self.owner}: eta_max has {len(self.eta_max)} values, and there are more groups of parameters."
            raise OptionError(message)
        return float(self.eta_max[group])

    def _phases(self, greatest: float) -> list[_Phase]:
        rise = self.pct_start * self.steps
        first = greatest / self.div_factor
        last = first / self.final_div_factor
        if self.three_phase:
            return [
                _Phase(rise - 1, first, greatest),
                _Phase(2 * rise - 2, greatest, first),
                _Phase(self.steps - 1, first, last),
            ]
        return [_Phase(rise - 1, first, greatest), _Phase(self.steps - 1, greatest, last)]


@attrs.frozen(kw_only=True)
class OneCycleLR(OneCycleParamScheduler):
    """`OneCycleParamScheduler` of the learning rate."""

    param_name: str = attrs.field(default="lr", init=False)
