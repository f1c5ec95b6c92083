"""Records: what is told of a run at a point of the log, the same to the text log, files and TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from polynet.errors import OptionError
from polynet.train.batches import batches_per_epoch
from polynet.train.hook import Hook
from polynet.train.step_values import StepValues, mean_of, mean_time, step_of


@attrs.frozen(kw_only=True)
class Record:
    """One point of the log.

    Attributes:
        phase: `"train"`, `"val"` or `"test"`.
        epoch: Number of the epoch, from 1; of an evaluation, how many were done.
        iter: Iterations done over all epochs.
        batch: Number of the batch within the epoch, from 1.
        batches: Batches of the epoch; `None` where nobody knows.
        rates: Learning rates by name.
        values: Figures by name: means since the last point, or what a validation measured.
        time: Mean seconds an iteration took.
        data_time: Mean seconds of these it waited for data.
        eta: Seconds that the rest of the run will take.
    """

    phase: str
    epoch: int
    iter: int
    batch: int
    batches: int | None
    rates: Mapping[str, float] = attrs.field(factory=dict)
    values: Mapping[str, Any] = attrs.field(factory=dict)
    time: float | None = None
    data_time: float | None = None
    eta: float | None = None

    def flat(self) -> dict[str, Any]:
        """Everything by name, for a file; what is not known is left out."""
        times = {"time": self.time, "data_time": self.data_time, "eta": self.eta}
        return {
            "phase": self.phase,
            "epoch": self.epoch,
            "iter": self.iter,
            **self.rates,
            **self.values,
            **{key: value for key, value in times.items() if value is not None},
        }


def rates_of(optim_wrapper: Any) -> dict[str, float]:
    """Learning rates by name, of the first group of each optimiser."""
    if optim_wrapper is None or not hasattr(optim_wrapper, "get_lr"):
        return {}
    return {name: float(each[0]) for name, each in optim_wrapper.get_lr().items() if each}


def training_record(runner: Any, batch_idx: int, steps: Sequence[StepValues]) -> Record:
    """The record of the steps since the last one; `runner.iter` is the last step's number."""
    return Record(
        phase="train",
        epoch=runner.epoch + 1,
        iter=runner.iter + 1,
        batch=batch_idx + 1,
        batches=batches_per_epoch(runner.train_dataloader),
        rates=rates_of(runner.optim_wrapper),
        values=mean_of(steps),
        time=mean_time(steps, "time"),
        data_time=mean_time(steps, "data_time"),
        eta=runner.message.get("eta"),
    )


def _shared_record(runner: Any, batch_idx: int, steps: Sequence[StepValues]) -> Record:
    """The record of these steps, made once for all hooks that record the same."""
    span = (steps[0].iteration, steps[-1].iteration, len(steps))
    found: tuple[tuple[int, int, int], Record] | None = getattr(runner, "latest_record", None)
    if found is None or found[0] != span:
        found = runner.latest_record = (span, training_record(runner, batch_idx, steps))
    return found[1]


def evaluation_record(runner: Any, phase: str, metrics: Mapping[str, Any] | None) -> Record:
    """The record of a validation or test."""
    batches = batches_per_epoch(getattr(runner, f"{phase}_dataloader"))
    return Record(
        phase=phase,
        epoch=runner.epoch,
        iter=runner.iter,
        batch=batches or 0,
        batches=batches,
        values=dict(metrics or {}),
        time=runner.message.get(f"{phase}_time"),
        data_time=runner.message.get(f"{phase}_data_time"),
    )


class RecordingHook(Hook):
    """Base of hooks that write records: a subclass says in `write` what becomes of one.

    Training is recorded every `interval` iterations; what is left at an epoch's end is too, where the epoch is shorter
    than that or `ignore_last` is off. Only the main process records. The steps since the last record survive a stop.

    Args:
        interval: Iterations between records.
        ignore_last: Whether to leave out the last record of an epoch where it would be of fewer iterations.

    Raises:
        OptionError: A value is of the wrong kind.
    """

    priority = "BELOW_NORMAL"

    def __init__(self, interval: int = 10, ignore_last: bool = True) -> None:
        if isinstance(interval, bool) or not isinstance(interval, int) or interval < 1:
            message = f"interval counts iterations and is a whole number of at least 1, not {interval!r}."
            raise OptionError(message)
        if not isinstance(ignore_last, bool):
            message = f"ignore_last is True or False, not {ignore_last!r}."
            raise OptionError(message)
        self.interval = interval
        self.ignore_last = ignore_last
        self._steps: list[StepValues] = []

    def write(self, runner: Any, record: Record) -> None:
        """Do something with a record."""
        raise NotImplementedError

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Keep the step, and record where it is time."""
        if runner.rank:
            return
        steps = self._steps
        steps.append(step_of(runner, outputs))
        if self._is_due(runner, batch_idx):
            record = _shared_record(runner, batch_idx, steps)
            steps.clear()
            self.write(runner, record)

    def after_train_epoch(self, runner: Any) -> None:
        """Let no record span two epochs."""
        if runner.by_epoch:
            self._steps.clear()

    def _is_due(self, runner: Any, batch_idx: int) -> bool:
        count = batch_idx if runner.by_epoch else runner.iter
        if (count + 1) % self.interval == 0:
            return True
        if not runner.by_epoch or (self.ignore_last and batch_idx + 1 > self.interval):
            return False
        return batch_idx + 1 == batches_per_epoch(runner.train_dataloader)

    def after_val_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """Record what a validation measured."""
        self._write_evaluation(runner, "val", metrics)

    def after_test_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """Record what a test measured."""
        self._write_evaluation(runner, "test", metrics)

    def _write_evaluation(self, runner: Any, phase: str, metrics: Mapping[str, Any] | None) -> None:
        if not runner.rank:
            self.write(runner, evaluation_record(runner, phase, metrics))

    def state(self) -> dict[str, Any]:
        """The steps since the last record, as numbers."""
        return {"steps": [step.state() for step in self._steps]} if self._steps else {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take these steps up."""
        self._steps = [StepValues.of_state(step) for step in state.get("steps", ())]
