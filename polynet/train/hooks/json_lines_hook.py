"""Figures of a run as a file that programs read: one JSON object a line."""

from __future__ import annotations

import json
import math
import time
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from polynet.errors import CheckpointError
from polynet.train.records import Record, RecordingHook
from polynet.weights.atomic import replacing, write_fully


class JsonLinesHook(RecordingHook):
    """Appends an object to `work_dir/metrics.jsonl` at every point of the log and after every validation.

    An object has `phase` (`"train"`, `"val"` or `"test"`), `epoch`, `iter`, learning rates, the figures, and the times
    that are known, in seconds. Each line is handed to the system at once, so that a crash loses none. A run that is
    resumed takes out what the earlier one wrote after the checkpoint, and half a line at the end; so the file is that
    of a run without a break. A new run keeps an earlier run's file, under a name with its date.

    Numbers that are not finite become `null`, since JSON has none.

    Args:
        interval: Iterations between objects.
        ignore_last: Whether to leave out the last object of an epoch where it would stand for fewer iterations.
        filename: The file's name.

    Example:
        >>> JsonLinesHook(interval=50).filename
        'metrics.jsonl'
    """

    def __init__(self, interval: int = 10, ignore_last: bool = True, filename: str = "metrics.jsonl") -> None:
        super().__init__(interval, ignore_last)
        self.filename = filename
        self._file: FileIO | None = None
        self._failed = False

    def before_train(self, runner: Any) -> None:
        """Make the file ready for what comes."""
        path = self._path(runner)
        if path is None or not path.exists():
            return
        try:
            if runner.iter == 0:
                stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(path.stat().st_mtime))
                path.rename(path.with_name(f"{path.stem}.{stamp}{path.suffix}"))
            else:
                kept = "".join(_kept_lines(path, runner.iter, runner.position.validation_due))
                with replacing(path) as file:
                    write_fully(file, memoryview(kept.encode()))
        except (OSError, CheckpointError) as error:
            self._complain(runner, error)

    def after_run(self, runner: Any) -> None:
        """Close the file."""
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, runner: Any, record: Record) -> None:
        """Append an object."""
        path = self._path(runner)
        if path is None:
            return
        line = json.dumps({key: _plain(value) for key, value in record.flat().items()}, allow_nan=False)
        try:
            if self._file is None:
                self._file = _opened(path)
            write_fully(self._file, memoryview(f"{line}\n".encode()))
        except OSError as error:
            self._close()
            self._complain(runner, error)

    def _path(self, runner: Any) -> Path | None:
        return None if runner.work_dir is None or runner.rank else Path(runner.work_dir) / self.filename

    def _complain(self, runner: Any, error: Exception) -> None:
        """Say once that figures are lost; training is worth more than they are."""
        if not self._failed:
            runner.logger.warning("Figures cannot be written to %s: %s", self.filename, error)
        self._failed = True


def _opened(path: Path) -> FileIO:
    """The file, to append whole lines to, which reach the system one by one."""
    torn = False
    if path.exists() and path.stat().st_size:
        with path.open("rb") as file:
            file.seek(-1, 2)
            torn = file.read() != b"\n"
    opened = path.open("ab", buffering=0)
    if torn:
        opened.write(b"\n")
    return opened


def _kept_lines(path: Path, iteration: int, validation_due: bool) -> list[str]:
    """The whole lines of a file up to an iteration, and without the validation that comes next."""
    kept = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                found = json.loads(line)
                is_again = validation_due and found["phase"] == "val" and found["iter"] == iteration
                is_kept = line.endswith("\n") and found["iter"] <= iteration and not is_again
            except (ValueError, KeyError, TypeError):
                continue
            if is_kept:
                kept.append(line)
    return kept


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)
