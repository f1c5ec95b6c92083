"""A progress bar, where there is a terminal to show it on."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from polynet.train.batches import batches_per_epoch
from polynet.train.hook import Hook
from polynet.train.log_output import ConsoleHandler, handlers_of, writes_to_terminal
from polynet.train.step_values import WEIGHT, step_of

if TYPE_CHECKING:
    from rich.progress import Progress

_PAUSE = 0.1
"""Seconds between two drawings."""


class ProgressHook(Hook):
    """Shows how far the epoch has come, samples per second, the loss, and when the run will end.

    Only where standard error is a terminal, and nothing but PolyNet's own log writes to it; the log then leaves out the
    lines of training, for which the bar stands. It is drawn ten times a second at most, by the training thread itself.

    Example:
        >>> ProgressHook().priority
        'BELOW_NORMAL'
    """

    priority = "BELOW_NORMAL"

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: Any = None
        self._in_training = False
        self._console: list[ConsoleHandler] = []
        self._drawn = 0.0
        self._since = (0, 0.0)

    def before_train(self, runner: Any) -> None:
        """Show the bar."""
        self._in_training = True
        self._start(runner)

    def before_train_epoch(self, runner: Any) -> None:
        """Begin an epoch's bar, or what is left of it."""
        if self._progress is None:
            return
        total = batches_per_epoch(runner.train_dataloader)
        name = f"Epoch {runner.epoch + 1}" + (f"/{runner.max_epochs}" if runner.max_epochs is not None else "")
        self._begin(name, total, runner.iter_in_epoch)
        self._since = (runner.iter_in_epoch, time.perf_counter())

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Draw, if it is time."""
        if self._progress is None:
            return
        now = time.perf_counter()
        if now - self._drawn < _PAUSE:
            return
        done, began = self._since
        rate = (batch_idx + 1 - done) / max(now - began, 1e-9)
        self._since = (batch_idx + 1, now)
        size = outputs.get(WEIGHT) if isinstance(outputs, Mapping) else None
        samples = int(size or batch_length(data_batch, runner.train_dataloader)) * runner.world_size
        loss = step_of(runner, outputs).values.get("loss")
        figures = [f"{rate * samples:.0f} samples/s"] if samples else [f"{rate:.1f} batches/s"]
        figures += [] if loss is None else [f"loss {loss:.4f}"]
        eta = runner.message.get("eta")
        figures += [] if eta is None else [f"ETA {duration(eta)}"]
        self._draw(batch_idx + 1, "  ".join(figures))

    def after_train_epoch(self, runner: Any) -> None:
        """End the epoch's bar."""
        self._end()

    def before_val_epoch(self, runner: Any) -> None:
        """Begin the bar of a validation."""
        self._begin_evaluation(runner, "val", "Validation")

    def before_test_epoch(self, runner: Any) -> None:
        """Begin the bar of a test."""
        self._begin_evaluation(runner, "test", "Test")

    def _begin_evaluation(self, runner: Any, phase: str, name: str) -> None:
        self._end()
        self._start(runner)
        if self._progress is not None:
            self._begin(name, batches_per_epoch(getattr(runner, f"{phase}_dataloader")), 0)

    def after_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Draw, if it is time."""
        if self._progress is not None and time.perf_counter() - self._drawn >= _PAUSE:
            self._draw(batch_idx + 1, "")

    after_test_iter = after_val_iter

    def after_val_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """End the bar of the validation; that of an epoch in the midst of which it came goes on."""
        self._end()
        if not self._in_training:
            self._stop()
        elif self._progress is not None and not runner.by_epoch:
            self.before_train_epoch(runner)

    def after_test_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """Take the bar away."""
        self._end()
        if not self._in_training:
            self._stop()

    def after_train(self, runner: Any) -> None:
        """Take the bar away."""
        self._in_training = False
        self._stop()

    def after_run(self, runner: Any) -> None:
        """Take the bar away, also after an error."""
        self._in_training = False
        self._stop()

    def _start(self, runner: Any) -> None:
        if self._progress is not None or runner.rank or not _is_terminal(runner.logger):
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            console=Console(stderr=True),
            # A thread that draws would be copied into loaders' processes with its locks held.
            auto_refresh=False,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._progress.start()
        self._console = [each for each in handlers_of(runner.logger) if isinstance(each, ConsoleHandler)]
        for handler in self._console:
            handler.hides_details = True

    def _stop(self) -> None:
        self._end()
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        for handler in self._console:
            handler.hides_details = False
        self._console = []

    def _begin(self, name: str, total: int | None, done: int) -> None:
        assert self._progress is not None
        self._end()
        self._task = self._progress.add_task(name, total=total, completed=done, figures="")
        self._progress.refresh()

    def _draw(self, done: int, figures: str) -> None:
        self._drawn = time.perf_counter()
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, figures=figures, refresh=True)

    def _end(self) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.remove_task(self._task)
        self._task = None


def _is_terminal(logger: Any) -> bool:
    """Whether a bar can be shown, and nothing would write into it."""
    if not sys.stderr.isatty():
        return False
    return not any(writes_to_terminal(handler) for handler in handlers_of(logger))


def batch_length(batch: Any, loader: Any = None) -> int:
    """How many samples a batch has; 0 where that cannot be told.

    Example:
        >>> images = np.zeros((4, 1, 2, 2))
        >>> batch_length([images, [0, 1, 2, 3]]), batch_length({"inputs": [images[0], images[1]]}), batch_length("?")
        (4, 2, 0)
    """
    size = getattr(loader, "batch_size", None)
    if isinstance(size, int):
        return size
    while isinstance(batch, dict | tuple | list) and batch:
        batch = next(iter(batch.values() if isinstance(batch, dict) else batch))
        if isinstance(batch, list):
            return len(batch)
    shape = tuple(getattr(batch, "shape", ()))
    return int(shape[0]) if shape else 0


def duration(seconds: float) -> str:
    """A time as `1:02:03`.

    Example:
        >>> duration(3723.9)
        '1:02:03'
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
