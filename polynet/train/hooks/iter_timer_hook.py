"""Measures how long iterations take, how much of it is waiting for data, and when the run will end."""

from __future__ import annotations

import time
from typing import Any

from polynet.train.hook import Hook
from polynet.train.step_values import step_of


class IterTimerHook(Hook):
    """Writes `time`, `data_time` and `eta` into `runner.message`, in seconds, and the first two into the step's values.

    An iteration's time runs from the end of the one before, so that it includes the data. What comes between, a
    validation say, is left out. The time left is judged by the mean over the iterations since training began or went
    on; a first iteration in which kernels are chosen weighs as any other.

    Source: MMEngine, `IterTimerHook`.

    Example:
        >>> IterTimerHook().priority
        'NORMAL'
    """

    priority = "NORMAL"

    def __init__(self) -> None:
        self._began = 0.0
        self._data_time = 0.0
        self._total = 0.0
        self._count = 0
        self._last: int | None = None
        self._evaluation = (0.0, 0.0, 0)

    def before_train(self, runner: Any) -> None:
        """Start anew: the time that a run took before a stop says nothing of this machine."""
        self._total, self._count = 0.0, 0
        self._last = runner.max_iters

    def before_train_epoch(self, runner: Any) -> None:
        """Start the first iteration's time."""
        self._began = time.perf_counter()

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Note how long the batch was waited for."""
        self._data_time = time.perf_counter() - self._began

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Note how long the iteration took."""
        now = time.perf_counter()
        taken, self._began = now - self._began, now
        self._total += taken
        self._count += 1
        step = step_of(runner, outputs)
        step.time, step.data_time = taken, self._data_time
        message = runner.message
        message["time"], message["data_time"] = taken, self._data_time
        if self._last is not None:
            message["eta"] = self._total / self._count * (self._last - runner.iter - 1)

    def before_val_epoch(self, runner: Any) -> None:
        """Start measuring a validation."""
        self._begin_evaluation()

    def before_test_epoch(self, runner: Any) -> None:
        """Start measuring a test."""
        self._begin_evaluation()

    def _begin_evaluation(self) -> None:
        self._evaluation = (0.0, 0.0, 0)
        self._began = time.perf_counter()

    def before_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Note how long the batch was waited for."""
        self._data_time = time.perf_counter() - self._began

    before_test_iter = before_val_iter

    def after_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Note how long the batch took."""
        now = time.perf_counter()
        total, waited, count = self._evaluation
        self._evaluation = (total + now - self._began, waited + self._data_time, count + 1)
        self._began = now

    after_test_iter = after_val_iter

    def after_val_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """Give the validation's mean times; training goes on from now."""
        self._end_evaluation(runner, "val")

    def after_test_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """Give the test's mean times."""
        self._end_evaluation(runner, "test")

    def _end_evaluation(self, runner: Any, phase: str) -> None:
        total, waited, count = self._evaluation
        if count:
            runner.message[f"{phase}_time"] = total / count
            runner.message[f"{phase}_data_time"] = waited / count
        self._began = time.perf_counter()
