"""Figures of a run for TensorBoard, written by its own library."""

from __future__ import annotations

import importlib
import importlib.util
import numbers
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from polynet.errors import BackendUnavailableError
from polynet.train.records import Record, RecordingHook

_NEEDED = (
    "TensorBoardHook needs the package 'tensorboard', which is not installed here. "
    "Install it with: pip install 'polynet[tensorboard]'."
)


class TensorBoardHook(RecordingHook):
    """Writes scalars as `train/loss`, `train/lr`, `val/accuracy` … over iterations, into `work_dir/tensorboard`.

    A run that is resumed writes a further file into the folder, and tells TensorBoard to forget what the one before
    wrote after the checkpoint.

    Args:
        interval: Iterations between points.
        ignore_last: Whether to leave out the last point of an epoch where it would stand for fewer iterations.
        log_dir: The folder, in place of `work_dir/tensorboard`.

    Raises:
        BackendUnavailableError: TensorBoard's library is not installed; the message says how to install it.

    Source: EssentialMC2, `TensorboardLogHook`; MMEngine, `TensorboardVisBackend`.

    Example:
        >>> TensorBoardHook(interval=20).interval
        20
    """

    def __init__(self, interval: int = 10, ignore_last: bool = True, log_dir: str | Path | None = None) -> None:
        super().__init__(interval, ignore_last)
        if importlib.util.find_spec("tensorboard") is None:
            raise BackendUnavailableError(_NEEDED)
        self.log_dir = None if log_dir is None else Path(log_dir)
        self._writer: Any = None

    def before_train(self, runner: Any) -> None:
        """Let points after the checkpoint that is resumed from be forgotten."""
        if runner.iter > 0 and (writer := self._open(runner)) is not None:
            events = _events()
            session = events.SessionLog(status=events.SessionLog.START)
            writer.add_event(events.Event(wall_time=time.time(), step=runner.iter + 1, session_log=session))

    def after_run(self, runner: Any) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def write(self, runner: Any, record: Record) -> None:
        """Write a point of every figure that is a number."""
        writer = self._open(runner)
        if writer is None:
            return
        events = _events()
        summary = importlib.import_module("tensorboard.compat.proto.summary_pb2").Summary()
        for name, value in _scalars(record).items():
            summary.value.add(tag=f"{record.phase}/{name}", simple_value=value)
        writer.add_event(events.Event(wall_time=time.time(), step=record.iter, summary=summary))
        if record.phase != "train":
            writer.flush()

    def _open(self, runner: Any) -> Any:
        if self._writer is None and not runner.rank:
            folder = self.log_dir or (None if runner.work_dir is None else Path(runner.work_dir) / "tensorboard")
            if folder is None:
                return None
            folder.mkdir(parents=True, exist_ok=True)
            module = importlib.import_module("tensorboard.summary.writer.event_file_writer")
            self._writer = module.EventFileWriter(str(folder))
        return self._writer


def _events() -> Any:
    return importlib.import_module("tensorboard.compat.proto.event_pb2")


def _scalars(record: Record) -> dict[str, float]:
    """The numbers of a record; figures of several numbers are left out."""
    flat = {key: value for key, value in record.flat().items() if key not in ("phase", "iter")}
    return _numbers(flat)


def _numbers(values: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= _numbers(value, f"{prefix}{key}/")
        elif isinstance(value, numbers.Real | np.number) or getattr(value, "shape", None) == ():
            found[f"{prefix}{key}"] = float(value)
    return found
