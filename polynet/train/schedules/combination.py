"""Several schedules of one setting, one after the other or at once."""

from __future__ import annotations

from collections.abc import Sequence

from polynet.train.schedules.affine import IDENTITY, Affine
from polynet.train.schedules.schedule import FOREVER, Schedule


class Combination:
    """What several schedules together make of a value, each taking over what the others leave.

    Schedules that follow one another, and schedules that only multiply, are applied as they are: any step is reached at
    once. Where one with a floor of its own and another are in force together, MMEngine and torch let each change what
    the other left at every step, and so does this; it then goes through the steps from the first, once.

    Args:
        schedules: The schedules, in the order in which they act at a step.
        epoch_length: Iterations of an epoch; what epochs and iterations need to be compared.

    Attributes:
        differs_by_group: Whether groups of parameters have values of their own.

    Example:
        >>> from polynet.train.schedules import CosineAnnealingLR, LinearLR
        >>> both = Combination([LinearLR(start_factor=0.5, end=3), CosineAnnealingLR(begin=2, T_max=4, end=7)])
        >>> [round(both.at(epoch).of(1.0, base=1.0), 4) for epoch in range(7)]
        [0.5, 0.75, 1.0, 0.8536, 0.5, 0.1464, 0.0]
    """

    def __init__(self, schedules: Sequence[Schedule], epoch_length: int | None = None) -> None:
        self.schedules = tuple(schedules)
        self.epoch_length = epoch_length
        self.differs_by_group = any(schedule.differs_by_group for schedule in self.schedules)
        self._counts_iterations = any(not schedule.by_epoch for schedule in self.schedules)
        self._in_time = sorted(self.schedules, key=self._begin) if self._comparable() else list(self.schedules)
        self._at_a_tick = sorted(self.schedules, key=lambda schedule: schedule.by_epoch)  # iterations end before epochs
        self._interleaved = self._has_overlap()
        self._places: dict[int, tuple[int, Affine]] = {}

    def at(self, epoch: int, iteration: int = 0, group: int = 0) -> Affine:
        """What has become of the base when so many epochs and iterations are done.

        Args:
            epoch: Epochs done.
            iteration: Iterations done, over all epochs.
            group: The number of the group of parameters, where groups differ.
        """
        if self._interleaved:
            return self._replay(epoch, iteration, group)
        result: Affine | None = None
        for schedule in self._in_time:
            own = schedule.reach(epoch if schedule.by_epoch else iteration, group)
            result = own if result is None else own.after(result)
        return result or IDENTITY

    def _comparable(self) -> bool:
        return self.epoch_length is not None or len({schedule.by_epoch for schedule in self.schedules}) < 2

    def _unit(self, schedule: Schedule) -> int:
        """How many ticks a schedule's step takes; ticks are iterations where any schedule counts those, else epochs."""
        return self.epoch_length or 1 if schedule.by_epoch and self._counts_iterations else 1

    def _begin(self, schedule: Schedule) -> int:
        return schedule.begin * self._unit(schedule)

    def _end(self, schedule: Schedule) -> int:
        return FOREVER * self._unit(schedule) if schedule.end >= FOREVER else schedule.end * self._unit(schedule)

    def _has_overlap(self) -> bool:
        """Whether two are in force together of which one does more than multiply."""
        if not self._comparable():
            return False
        pairs = (
            (one, other)
            for number, one in enumerate(self.schedules)
            for other in self.schedules[number + 1 :]
            if not (one.multiplies and other.multiplies)
        )
        return any(self._begin(one) < self._end(other) and self._begin(other) < self._end(one) for one, other in pairs)

    def _replay(self, epoch: int, iteration: int, group: int) -> Affine:
        """Go through the steps, from the last place kept; at one go where schedules do not disturb each other.

        Places are kept only where a stretch ends, so that a value does not depend on how it was reached.
        """
        target = iteration if self._counts_iterations else epoch
        done, result = self._places.get(group, (-1, IDENTITY))
        if done > target:
            done, result = -1, IDENTITY
        while done < target:
            end = self._stretch(done + 1)
            until = min(end, target)
            for schedule in self._at_a_tick:
                result = self._between(schedule, done, until, group).after(result)
            done = until
            if until == end:
                self._places[group] = (done, result)
        return result

    def _stretch(self, tick: int) -> int:
        """The last tick that is reached from the one before `tick` at one go: itself where several act that disturb."""
        acting = [one for one in self.schedules if self._begin(one) <= tick < self._end(one)]
        if len(acting) > 1 and not all(schedule.multiplies for schedule in acting):
            return tick
        edges = (edge for one in self.schedules for edge in (self._begin(one), self._end(one)) if edge > tick)
        return min(edges, default=FOREVER * (self.epoch_length or 1)) - 1

    def _between(self, schedule: Schedule, done: int, until: int, group: int) -> Affine:
        """What a schedule does from after one tick until another; its first step counts all that it did before."""
        unit = self._unit(schedule)
        before, now = min(done // unit, schedule.end - 1), min(until // unit, schedule.end - 1)
        if now < schedule.begin or now == before:
            return IDENTITY
        if before < schedule.begin:
            return schedule.reach(now, group)
        offset = schedule.last_step + 1 - schedule.begin
        return schedule.change(now + offset, before + offset, group)
