"""EssentialMC2's log: the latest value of everything a step returns, and its mean over the epoch in brackets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from polynet.errors import OptionError
from polynet.train.batches import batches_per_epoch
from polynet.train.hook import Hook, priority_of
from polynet.train.hooks.logger_hook import LoggerHook
from polynet.train.log_output import DETAIL, LogOutput, log_output_of
from polynet.train.records import rates_of
from polynet.train.step_values import StepValues, mean_of, mean_time, step_of


class LogHook(Hook):
    """Logs `Epoch [0/10], iter: [10/938], data_time: …, time: …, loss: 0.5123(0.6012), lr: 0.1000`.

    Of each value the first figure is the mean over the last `log_interval` steps and the second that over the epoch so
    far. Means are weighted by the `batch_size` that steps return, which is not shown. Epochs count from 0. Lines go
    where those of `LoggerHook` go.

    Args:
        log_interval: Iterations between lines.
        priority: When it is called among the hooks.

    Raises:
        OptionError: A value is of the wrong kind.

    Source: EssentialMC2, `essmc2/hooks/log.py` and `LogAgg`.

    Example:
        >>> LogHook(log_interval=100).log_interval
        100
    """

    def __init__(self, log_interval: int = 10, priority: int | str = 60) -> None:
        if isinstance(log_interval, bool) or not isinstance(log_interval, int) or log_interval < 1:
            message = f"log_interval counts iterations and is a whole number of at least 1, not {log_interval!r}."
            raise OptionError(message)
        priority_of(priority)
        self.priority = priority  # type: ignore[misc]  # an option of this hook, as in EssentialMC2
        self.log_interval = log_interval
        self._recent: list[StepValues] = []
        self._epoch = _Means()
        self._output: LogOutput | None = None

    def before_run(self, runner: Any) -> None:
        """See to it that the log is seen, where no `LoggerHook` does."""
        if not runner.rank and not any(isinstance(hook, LoggerHook) for hook in runner.hooks):
            self._close()
            self._output = log_output_of(runner)

    def after_run(self, runner: Any) -> None:
        """Close the log's file."""
        self._close()

    def _close(self) -> None:
        if self._output is not None:
            self._output.close()
            self._output = None

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Keep the step, and log where it is time."""
        if runner.rank:
            return
        self._recent.append(step_of(runner, outputs))
        if (batch_idx + 1) % self.log_interval == 0:
            self._log(runner, batch_idx + 1)

    def after_train_epoch(self, runner: Any) -> None:
        """Log the steps since the last line, and start the means anew."""
        if self._recent:
            self._log(runner, runner.iter_in_epoch)
        self._epoch = _Means()

    def after_train(self, runner: Any) -> None:
        """Log what is left where the run ends in mid-epoch; where it was stopped, it may go on."""
        if self._recent and runner.stopping is None:
            self._log(runner, runner.iter_in_epoch)

    def after_val_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """Log what a validation measured."""
        if runner.rank or not metrics:
            return
        lines = lines_of(metrics)
        text = lines[0] if len(lines) == 1 else "\n  ".join(lines)
        runner.logger.info("Epoch [%d/%s], %s", runner.epoch, runner.max_epochs, text)

    def _log(self, runner: Any, iteration: int) -> None:
        recent = self._recent
        now = {name: value for name in TIMES if (value := mean_time(recent, name)) is not None}
        now |= mean_of(recent)
        for step in recent:
            self._epoch.add(step)
        self._recent = []
        shown = [f"{key}: {number(value)}({number(self._epoch.mean(key))})" for key, value in now.items()]
        shown += [f"{key}: {number(value)}" for key, value in rates_of(runner.optim_wrapper).items()]
        runner.logger.info(
            "Epoch [%d/%s], iter: [%d/%s], %s",
            runner.epoch,
            runner.max_epochs,
            iteration,
            batches_per_epoch(runner.train_dataloader),
            ", ".join(shown),
            extra={DETAIL: True},
        )

    def state(self) -> dict[str, Any]:
        """The sums of the epoch so far."""
        if not self._recent and not self._epoch.weights:
            return {}
        return {
            "recent": [step.state() for step in self._recent],
            "sums": dict(self._epoch.sums),
            "weights": dict(self._epoch.weights),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take the sums up."""
        self._recent = [StepValues.of_state(step) for step in state.get("recent", ())]
        self._epoch = _Means()
        self._epoch.sums.update(state.get("sums", {}))
        self._epoch.weights.update(state.get("weights", {}))


TIMES = ("data_time", "time")
"""What stands first in a line."""


class _Means:
    """Weighted means over an epoch, as sums: a long epoch takes no more memory than a short one."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.weights: dict[str, float] = {}

    def add(self, step: StepValues) -> None:
        if step.is_skipped:
            return
        times = {name: value for name in TIMES if (value := getattr(step, name)) is not None}
        for key, value in {**step.values, **times}.items():
            self.sums[key] = self.sums.get(key, 0.0) + step.weight * value
            self.weights[key] = self.weights.get(key, 0.0) + step.weight

    def mean(self, key: str) -> float:
        weight = self.weights.get(key, 0.0)
        return self.sums[key] / weight if weight else math.nan


def number(value: Any) -> str:
    """A value as EssentialMC2 writes it: four decimals, or six of what is below a hundredth.

    Example:
        >>> number(0.5), number(0.00123), number(12.0), number(3)
        ('0.5000', '0.001230', '12.0000', '3')
    """
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf"
    return f"{value:.6f}" if abs(value) < 0.01 else f"{value:.4f}"


def lines_of(values: Mapping[str, Any]) -> list[str]:
    """Figures in lines: plain ones in the first, then those within mappings, indented.

    Example:
        >>> lines_of({"accuracy": 0.5, "eval": {"top1": 0.25, "top5": 0.75}})
        ['accuracy: 0.5000', 'eval -> top1: 0.2500, top5: 0.7500']
    """
    plain = [f"{key}: {number(value)}" for key, value in values.items() if not isinstance(value, Mapping)]
    lines = [", ".join(plain)] if plain else []
    for key, value in values.items():
        if not isinstance(value, Mapping):
            continue
        inner = lines_of(value)
        if inner and "->" not in inner[0]:
            lines += [f"{key} -> {inner[0]}", *(f"  {line}" for line in inner[1:])]
        else:
            lines += [f"{key} -> ", *(f"  {line}" for line in inner)]
    return lines
