"""Reducing when a figure stops improving."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import attrs

from polynet.errors import ConfigError, ConfigKeyError, OptionError, suggest
from polynet.nn.arguments import choice, integer, number
from polynet.train.schedules.affine import IDENTITY, Affine
from polynet.train.schedules.schedule import Schedule


def _tuple(value: float | Sequence[float]) -> float | Sequence[float]:
    return tuple(value) if isinstance(value, list) else value


@attrs.define
class PlateauState:
    """What a plateau schedule remembers.

    Attributes:
        best: The best figure so far; `None` before the first.
        bad: Validations since then.
        cooldown: Validations in which it does not count yet.
        reductions: How often it has reduced.
    """

    best: float | None = None
    bad: int = 0
    cooldown: int = 0
    reductions: int = 0


@attrs.frozen(kw_only=True)
class ReduceOnPlateauParamScheduler(Schedule):
    """Multiplies by a factor when a figure of the validation has not improved for some time.

    The only schedule with a memory: it is told the figures by `observe`, and its state is part of a checkpoint.

    Args:
        monitor: The figure's name.
        rule: `"less"` where less is better, `"greater"` where more is.
        factor: The factor, below 1.
        patience: Validations without improvement that are borne.
        threshold: How much better is better.
        threshold_rule: Whether the threshold is a share of the best (`"rel"`) or a difference (`"abs"`).
        cooldown: Validations after a reduction in which none is counted.
        min_value: The least value it reduces to; a list has one for each group of parameters.
        eps: A reduction by no more than this is not made.

    Source: MMEngine, `ReduceOnPlateauLR`; `torch.optim.lr_scheduler.ReduceLROnPlateau`.

    Example:
        >>> schedule = ReduceOnPlateauLR(monitor="loss", patience=1, factor=0.5)
        >>> [schedule.observe({"loss": loss}) for loss in (1.0, 0.9, 0.95, 0.91)]
        [False, False, False, True]
        >>> schedule.reduced(0.1)
        0.05
    """

    monitor: str = "loss"
    rule: str = "less"
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    threshold_rule: str = "rel"
    cooldown: int = 0
    min_value: float | Sequence[float] = attrs.field(default=0.0, converter=_tuple)
    eps: float = 1e-8
    memory: PlateauState = attrs.field(factory=PlateauState, init=False, repr=False, eq=False)

    stateful: ClassVar[bool] = True

    def check(self) -> None:
        """Check the options."""
        if not self.by_epoch:
            message = f"{self.owner}: it follows validations, so that by_epoch=False has no meaning."
            raise OptionError(message)
        choice(self.owner, "rule", self.rule, ("less", "greater"))
        choice(self.owner, "threshold_rule", self.threshold_rule, ("rel", "abs"))
        number(self.owner, "factor", self.factor, lowest=0)
        if self.factor >= 1:
            message = f"{self.owner}: factor={self.factor} must be below 1."
            raise OptionError(message)
        for name in ("patience", "cooldown"):
            integer(self.owner, name, getattr(self, name))
        number(self.owner, "threshold", self.threshold, lowest=0)
        number(self.owner, "eps", self.eps, lowest=0)
        for value in self.min_value if isinstance(self.min_value, tuple) else (self.min_value,):
            number(self.owner, "min_value", value, lowest=0)

    @property
    def multiplies(self) -> bool:
        """It is applied after all others."""
        return True

    def at(self, step: int, group: int = 0) -> Affine:
        """Nothing: what it does follows from the figures, not from the step."""
        return IDENTITY

    def observe(self, metrics: Mapping[str, Any]) -> bool:
        """Take note of the figures of a validation.

        Returns:
            Whether it reduces now.

        Raises:
            ConfigKeyError: The figure is not among them.
        """
        if self.monitor not in metrics:
            near = suggest(self.monitor, metrics)
            message = (
                f"{self.owner} monitors {self.monitor!r}, which the validation does not give.{near} "
                f"It gives: {', '.join(map(str, metrics)) or 'nothing'}."
            )
            raise ConfigKeyError(message)
        memory, figure = self.memory, float(metrics[self.monitor])
        if self._is_better(figure):
            memory.best, memory.bad = figure, 0
        else:
            memory.bad += 1
        if memory.cooldown > 0:
            memory.cooldown -= 1
            memory.bad = 0
        if memory.bad <= self.patience:
            return False
        memory.reductions += 1
        memory.cooldown, memory.bad = self.cooldown, 0
        return True

    def reduced(self, value: float, group: int = 0) -> float:
        """A value after the reductions so far."""
        least = self._least(group)
        for _ in range(self.memory.reductions):
            lower = max(value * self.factor, least)
            if value - lower <= self.eps:
                break
            value = lower
        return value

    def state(self) -> dict[str, Any]:
        """What it remembers, as plain numbers."""
        return attrs.asdict(self.memory)

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave.

        Raises:
            ConfigError: It is no such state.
        """
        try:
            best = None if state["best"] is None else float(state["best"])
            counts = {name: int(state[name]) for name in ("bad", "cooldown", "reductions")}
        except (KeyError, TypeError, ValueError) as error:
            message = f"{self.owner}: a state has best, bad, cooldown and reductions, all numbers; not {dict(state)}."
            raise ConfigError(message) from error
        self.memory.best = best
        for name, count in counts.items():
            setattr(self.memory, name, count)

    def _is_better(self, figure: float) -> bool:
        best = self.memory.best
        if best is None:
            return not math.isnan(figure)
        direction = -1.0 if self.rule == "less" else 1.0
        if self.threshold_rule == "rel":
            return direction * figure > direction * best * (1 + direction * self.threshold)
        return direction * figure > direction * best + self.threshold

    def _least(self, group: int) -> float:
        if not isinstance(self.min_value, tuple):
            return float(self.min_value)  # type: ignore[arg-type]  # checked to be a number
        return float(self.min_value[min(group, len(self.min_value) - 1)])


@attrs.frozen(kw_only=True)
class ReduceOnPlateauLR(ReduceOnPlateauParamScheduler):
    """`ReduceOnPlateauParamScheduler` of the learning rate."""

    param_name: str = attrs.field(default="lr", init=False)


@attrs.frozen(kw_only=True)
class ReduceOnPlateauMomentum(ReduceOnPlateauParamScheduler):
    """`ReduceOnPlateauParamScheduler` of the momentum, which is the first beta of Adam and its like."""

    param_name: str = attrs.field(default="momentum", init=False)
