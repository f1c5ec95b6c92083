"""Timing two things fairly: interleaved in one process, medians, ratio of medians."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds of two actions, round by round."""

    ours: list[float]
    theirs: list[float]

    def result(self, name: str, goal: str, unit: str = "s") -> Result:
        """The line of the table: medians, and the spread of the rounds' ratios; `unit` where they are no seconds."""
        ratios = [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]
        first, _, third = statistics.quantiles(ratios, n=4)
        medians = statistics.median(self.ours), statistics.median(self.theirs)
        return Result(name, *medians, goal, unit, spread=(first, third))


@dataclass(frozen=True)
class Result:
    """One line of the table.

    Attributes:
        name: What was measured.
        ours: Median of PolyNet, in seconds (or the unit `unit` names).
        theirs: Median of what it is compared with; `None` where there is nothing.
        goal: What the ratio, or the figure, should be.
        unit: Unit of the figures.
        spread: Quartiles of the ratios of single rounds: how far the machine lets the ratio be known.
    """

    name: str
    ours: float
    theirs: float | None
    goal: str
    unit: str = "s"
    spread: tuple[float, float] | None = None

    @property
    def ratio(self) -> float | None:
        """Ours divided by theirs."""
        return None if self.theirs is None else self.ours / self.theirs


def seconds(action: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def interleaved(
    ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int, calls: int = 1, warm_up: int = 2
) -> Timing:
    """Time two actions in turn; the order changes every round, so that neither profits from the other.

    Args:
        ours: First action.
        theirs: Second action.
        rounds: Timed rounds.
        calls: Calls per timing, for actions too short for the clock.
        warm_up: Rounds not counted.
    """

    def repeated(action: Callable[[], object]) -> float:
        return seconds(lambda: [action() for _ in range(calls)]) / calls

    for _ in range(warm_up):
        ours()
        theirs()
    first: list[float] = []
    second: list[float] = []
    gc.collect()
    gc.disable()
    try:
        for index in range(rounds):
            if index % 2:
                second.append(repeated(theirs))
                first.append(repeated(ours))
            else:
                first.append(repeated(ours))
                second.append(repeated(theirs))
    finally:
        gc.enable()
    return Timing(first, second)
