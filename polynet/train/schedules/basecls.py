"""BaseCls's rules for learning rates: one factor for each epoch, its beginning multiplied by a warm-up."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from polynet.errors import OptionError
from polynet.nn.arguments import choice, fraction, integer, number
from polynet.train.schedules.affine import Affine
from polynet.train.schedules.schedule import Schedule

Rule = Callable[["BaseClsLR", float], float]


def _tuple(value: Sequence[float]) -> Sequence[float]:
    return tuple(value) if isinstance(value, list) else value


@attrs.frozen(kw_only=True)
class BaseClsLR(Schedule):
    """The factor of BaseCls's `solver` section, under the names of its fields.

    In the first `warmup_epochs` epochs the factor of the rule is multiplied by one that goes linearly from
    `warmup_factor` to 1. BaseCls computes it once an epoch; converted to iterations (`to_iterations`, or
    `convert_to_iter_based` in a config) the same rules are evaluated at fractions of an epoch.

    Args:
        lr_schedule: `"cosine"` or `"linear"`, from 1 to `lr_min_factor`; `"exp"`, `lr_decay_factor` for each epoch;
            `"rel_exp"`, from 1 to `lr_min_factor` exponentially; `"step"`, `lr_decay_factor` for each of
            `lr_decay_steps` that is passed.
        max_epoch: Epochs of the run.
        warmup_epochs: Epochs of the warm-up.
        warmup_factor: The factor it begins with.
        lr_min_factor: The factor towards which the rule goes.
        lr_decay_factor: The factor of a decay.
        lr_decay_steps: Epochs after which to decay, in order.
        epoch_length: Steps that an epoch has: 1 unless iterations are counted.

    Source: BaseCls, `LRSchedulerHook`.

    Example:
        >>> schedule = BaseClsLR(lr_schedule="linear", max_epoch=4, warmup_epochs=2, warmup_factor=0.5)
        >>> [schedule.value(epoch) for epoch in range(4)]
        [0.5, 0.5625, 0.5, 0.25]
    """

    max_epoch: int
    lr_schedule: str = "step"
    warmup_epochs: int = 5
    warmup_factor: float = 0.1
    lr_min_factor: float = 0.0
    lr_decay_factor: float = 0.1
    lr_decay_steps: Sequence[int] = attrs.field(default=(30, 60, 90), converter=_tuple)
    epoch_length: int = 1
    param_name: str = attrs.field(default="lr", init=False)

    spans = ("epoch_length",)

    def check(self) -> None:
        """Check the options."""
        integer(self.owner, "max_epoch", self.max_epoch, lowest=1)
        integer(self.owner, "epoch_length", self.epoch_length, lowest=1)
        integer(self.owner, "warmup_epochs", self.warmup_epochs)
        choice(self.owner, "lr_schedule", self.lr_schedule, tuple(_RULES))
        for name in ("warmup_factor", "lr_min_factor"):
            fraction(self.owner, name, getattr(self, name))
        number(self.owner, "lr_decay_factor", self.lr_decay_factor, lowest=0)
        if self.lr_schedule == "rel_exp" and not self.lr_min_factor > 0:
            message = f"{self.owner}: lr_schedule='rel_exp' goes to lr_min_factor, which must be above 0."
            raise OptionError(message)
        steps = self.lr_decay_steps
        if not isinstance(steps, tuple) or list(steps) != sorted(steps):
            message = f"{self.owner}: lr_decay_steps is a list of epochs in order, such as (30, 60), not {steps!r}."
            raise OptionError(message)

    @classmethod
    def from_solver(cls, solver: Mapping[str, Any], **options: Any) -> BaseClsLR:
        """The schedule that a BaseCls config's `solver` section describes; its other fields are left aside."""
        names = {field.name for field in attrs.fields(cls)} - {"param_name", "begin", "end", "by_epoch"}
        return cls(**{**{name: value for name, value in solver.items() if name in names}, **options})

    def at(self, step: int, group: int = 0) -> Affine:
        """The rule's factor, times the warm-up's."""
        epoch = step / self.epoch_length if self.epoch_length > 1 else step
        factor = _RULES[self.lr_schedule](self, epoch)
        if epoch < self.warmup_epochs:
            done = epoch / self.warmup_epochs
            factor *= self.warmup_factor * (1 - done) + done
        return Affine(factor)


def _to_least(schedule: BaseClsLR, factor: float) -> float:
    return (1 - schedule.lr_min_factor) * factor + schedule.lr_min_factor


def _cosine(schedule: BaseClsLR, epoch: float) -> float:
    return _to_least(schedule, (1 + math.cos(math.pi * epoch / schedule.max_epoch)) / 2)


def _linear(schedule: BaseClsLR, epoch: float) -> float:
    return _to_least(schedule, 1 - epoch / schedule.max_epoch)


def _exponential(schedule: BaseClsLR, epoch: float) -> float:
    return float(schedule.lr_decay_factor**epoch)


def _relative_exponential(schedule: BaseClsLR, epoch: float) -> float:
    return float(schedule.lr_min_factor ** (epoch / schedule.max_epoch))


def _step(schedule: BaseClsLR, epoch: float) -> float:
    return float(schedule.lr_decay_factor ** bisect.bisect_right(schedule.lr_decay_steps, epoch))


_RULES: dict[str, Rule] = {
    "cosine": _cosine,
    "linear": _linear,
    "exp": _exponential,
    "rel_exp": _relative_exponential,
    "step": _step,
}
