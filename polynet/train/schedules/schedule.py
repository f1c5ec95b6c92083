"""The base of schedules: when one is in force, and how its value follows from the number of a step."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, TypeVar

import attrs

from polynet.calls import ExplainsOptions
from polynet.errors import OptionError
from polynet.nn.arguments import flags, integer
from polynet.train.schedules.affine import IDENTITY, Affine

FOREVER = 10**9
"""The `end` of a schedule that never ends, as MMEngine has it."""

Self = TypeVar("Self", bound="Schedule")


@attrs.frozen(kw_only=True)
class Schedule(metaclass=ExplainsOptions):
    """How one setting of an optimiser changes with the epochs or iterations done; a set of numbers, nothing more.

    A schedule is in force from `begin` to before `end`; before it changes nothing, afterwards what it did last stays.
    Schedules in a list each take over the value that the others leave, so that a warm-up and what follows it need no
    knowledge of each other. A family says what it does at each step, counted from its own beginning, in closed form:
    going on after a stop needs the number of the step and nothing else.

    Args:
        param_name: The setting that is scheduled: `"lr"`, `"momentum"`, `"weight_decay"` …
        begin: The step at which it comes into force.
        end: The step at which it no longer is.
        last_step: The number of the last step that was already taken elsewhere, so that this run goes on with the next;
            -1 for none.
        by_epoch: Whether steps are epochs; else iterations.
        verbose: Accepted as MMEngine has it, and without effect: the value is part of every log.

    Raises:
        OptionError: A number is out of its range.

    Source: the names, options and defaults are MMEngine's, the meaning is that of `torch.optim.lr_scheduler`.
    """

    param_name: str = "lr"
    begin: int = 0
    end: int = FOREVER
    last_step: int = -1
    by_epoch: bool = True
    verbose: bool = False

    spans: ClassVar[tuple[str, ...]] = ()
    """Options beside `begin` and `end` that are numbers of steps."""

    stateful: ClassVar[bool] = False
    """Whether the number of the step does not say everything."""

    differs_by_group: ClassVar[bool] = False
    """Whether groups of parameters have values of their own."""

    def __attrs_post_init__(self) -> None:
        """Check the options."""
        integer(self.owner, "begin", self.begin)
        integer(self.owner, "end", self.end)
        integer(self.owner, "last_step", self.last_step, lowest=-1)
        flags(self.owner, by_epoch=self.by_epoch, verbose=self.verbose)
        if not isinstance(self.param_name, str) or not self.param_name:
            message = f"{self.owner}: param_name is the name of an optimiser's setting, not {self.param_name!r}."
            raise OptionError(message)
        if self.end <= self.begin:
            message = f"{self.owner}: end={self.end} must be larger than begin={self.begin}."
            if self.end < FOREVER:
                message += " Where no end is given, it is that of the run."
            raise OptionError(message)
        self.check()

    @property
    def owner(self) -> str:
        """The class's name, which begins every message."""
        return type(self).__name__

    def check(self) -> None:
        """Check the options that a family adds."""

    @abc.abstractmethod
    def at(self, step: int, group: int = 0) -> Affine:
        """What has become of the value that was taken over.

        Args:
            step: The step, counted from the schedule's own beginning.
            group: The number of the group of parameters, where groups differ.
        """

    def change(self, step: int, since: int, group: int = 0) -> Affine:
        """What the steps after `since` up to `step` do to the value.

        Only schedules that are in force together are computed so. Where the value that was taken over is lost at
        `since`, its place is taken by the base.
        """
        now, before = self.at(step, group), self.at(since, group)
        if before.scale == 0:
            return Affine(0.0, now.scale + now.share, now.shift)
        ratio = now.scale / before.scale
        return Affine(ratio, now.share - ratio * before.share, now.shift - ratio * before.shift)

    @property
    def multiplies(self) -> bool:
        """Whether it only ever multiplies, so that it does not matter what else is in force."""
        return True

    def local(self, step: int) -> int | None:
        """The schedule's own number of a step; of its last after its end, and `None` before its beginning."""
        if step < self.begin:
            return None
        return min(step, self.end - 1) - self.begin + self.last_step + 1

    def reach(self, step: int, group: int = 0) -> Affine:
        """What it has done to the value when `step` epochs, or iterations, are done."""
        own = self.local(step)
        return IDENTITY if own is None else self.at(own, group)

    def value(self, step: int, base: float = 1.0) -> float:
        """The value when the schedule is the only one.

        Args:
            step: Epochs, or iterations, done.
            base: The value in the optimiser's settings; 1 gives the factor.
        """
        return self.reach(step).of(base, base)

    def to_iterations(self: Self, epoch_length: int) -> Self:
        """The same schedule counted in iterations.

        Args:
            epoch_length: Iterations of an epoch.

        Raises:
            OptionError: It counts iterations already, or an epoch has none.
        """
        if not self.by_epoch:
            message = f"{self.owner}: only a schedule with by_epoch=True can be converted to iterations."
            raise OptionError(message)
        integer(self.owner, "epoch_length", epoch_length, lowest=1)
        changed: dict[str, Any] = {name: _times(getattr(self, name), epoch_length) for name in self.spans}
        end = self.end if self.end >= FOREVER else self.end * epoch_length
        return attrs.evolve(self, begin=self.begin * epoch_length, end=end, by_epoch=False, **changed)


def _times(span: Any, epoch_length: int) -> Any:
    if span is None:
        return None
    if isinstance(span, (tuple, list)):
        return tuple(part * epoch_length for part in span)
    return span * epoch_length
