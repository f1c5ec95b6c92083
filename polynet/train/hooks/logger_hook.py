"""The log of a run in text: a line every few iterations, and one after each validation."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np

from polynet.train.log_output import DETAIL, LogOutput, log_output_of
from polynet.train.records import Record, RecordingHook

_DIGITS = 4


class LoggerHook(RecordingHook):
    """Writes lines such as `Epoch(train)  [1][100/938]  lr: 1.0000e-03  eta: 0:01:02  time: …  data_time: …  loss: …`.

    Values are means since the last line, weighted by the `batch_size` that a step returns, which is not shown itself.
    Lines go through `logging`, logger `polynet.train`: to standard error, unless handlers are there already, and to
    `work_dir/DATE.log`. On a terminal a progress bar takes the place of the lines of training.

    Args:
        interval: Iterations between lines.
        ignore_last: Whether to leave out the last line of an epoch where it would stand for fewer iterations.
        out_dir: Folder of the file, in place of `work_dir`.
        log_metric_by_epoch: Not needed; kept for configs that have it.
        interval_exp_name: Not needed, as above.

    Raises:
        OptionError: A value is of the wrong kind.

    Source: MMEngine, `LoggerHook` and `LogProcessor`.

    Example:
        >>> LoggerHook(interval=50).interval
        50
    """

    def __init__(
        self,
        interval: int = 10,
        ignore_last: bool = True,
        out_dir: str | Path | None = None,
        log_metric_by_epoch: bool = True,
        interval_exp_name: int = 1000,
    ) -> None:
        super().__init__(interval, ignore_last)
        self.out_dir = None if out_dir is None else Path(out_dir)
        self._output: LogOutput | None = None

    def before_run(self, runner: Any) -> None:
        """Open the file, and see to it that the log is seen."""
        if runner.rank:
            return
        self._close()
        self._output = log_output_of(runner, self.out_dir)

    def after_run(self, runner: Any) -> None:
        """Close the file."""
        self._close()

    def _close(self) -> None:
        if self._output is not None:
            self._output.close()
            self._output = None

    def before_train(self, runner: Any) -> None:
        """Say where training begins."""
        if not runner.rank:
            device = runner.backend.device_of(runner.model)
            runner.logger.info(
                "Training on %s, %s, from epoch %d, iteration %d.",
                runner.backend.name,
                device,
                runner.epoch + 1,
                runner.iter + 1,
            )

    def write(self, runner: Any, record: Record) -> None:
        """Log a line."""
        is_training = record.phase == "train"
        line = training_line(runner, record) if is_training else evaluation_line(runner, record)
        runner.logger.info("%s", line, extra={DETAIL: is_training})


def training_line(runner: Any, record: Record) -> str:
    """The line of a record of training, as MMEngine writes it."""
    if runner.by_epoch:
        total = "?" if record.batches is None else str(record.batches)
        width = 3 + len(str(runner.max_epochs or record.epoch))
        head = f"Epoch(train){f'[{record.epoch}]':>{width}}[{record.batch:>{len(total)}}/{total}]"
    else:
        total = str(runner.max_iters)
        head = f"Iter(train) [{record.iter:>{len(total)}}/{total}]"
    parts = [head, " ".join(f"{name}: {rate:.{_DIGITS}e}" for name, rate in record.rates.items())]
    if record.eta is not None:
        parts.append(f"eta: {datetime.timedelta(seconds=int(record.eta))}")
    parts += _times(record)
    parts += [f"{name}: {_shown(value)}" for name, value in record.values.items()]
    return "  ".join(part for part in parts if part)


def evaluation_line(runner: Any, record: Record) -> str:
    """The line after a validation or test."""
    place = f"[{record.batch}/{'?' if record.batches is None else record.batches}]"
    kind = "Epoch" if runner.by_epoch else "Iter"
    epoch = f"[{record.epoch}]" if runner.by_epoch and record.phase == "val" else ""
    values = [f"{name}: {_shown(value)}" for name, value in record.values.items()]
    return "  ".join([f"{kind}({record.phase}) {epoch}{place}", "  ".join(values), *reversed(_times(record))])


def _times(record: Record) -> list[str]:
    named = {"time": record.time, "data_time": record.data_time}
    return [f"{name}: {value:.{_DIGITS}f}" for name, value in named.items() if value is not None]


def _shown(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.{_DIGITS}f}"
    return f"\n{value}\n" if getattr(value, "ndim", 0) else str(value)
