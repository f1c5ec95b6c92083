"""Where the log of a run goes: to the terminal, where nobody else has seen to that, and to a file."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from polynet.errors import OptionError, suggest
from polynet.train.run_header import IN_FILE_ONLY, header_of

DETAIL = "polynet_detail"
"""Attribute of records that a progress bar stands for on the terminal."""

_FORMAT = "%(asctime)s - %(levelname)s - %(message)s"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


if TYPE_CHECKING:
    _StreamHandler = logging.StreamHandler[TextIO]
else:
    _StreamHandler = logging.StreamHandler


class ConsoleHandler(_StreamHandler):
    """Writes to whatever `sys.stderr` is at the moment: a progress bar puts itself in its place.

    Attributes:
        hides_details: Whether lines that a progress bar stands for are left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hides_details = False
        self.setFormatter(logging.Formatter(_FORMAT, "%H:%M:%S"))
        self.addFilter(self._is_shown)

    @property
    def stream(self) -> TextIO:
        """Standard error."""
        return sys.stderr

    @stream.setter
    def stream(self, value: Any) -> None:
        """Leave it: the base class assigns what it found when it was made."""

    def _is_shown(self, record: logging.LogRecord) -> bool:
        if getattr(record, IN_FILE_ONLY, False):
            return False
        return not (self.hides_details and getattr(record, DETAIL, False))


class RunFile(logging.FileHandler):
    """Writes to a run's file for as long as it can: a full disk ends the log, which is said once, and not the run."""

    _is_full = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class's name
        """Say on standard error what went wrong, the first time."""
        if not self._is_full:
            self._is_full = True
            sys.stderr.write(f"The log {self.baseFilename} is no longer written: {sys.exc_info()[1]}\n")

    def close(self) -> None:
        """Close the file, and remove one that stayed empty; what cannot be written any more is lost."""
        try:
            super().close()
            path = Path(self.baseFilename)
            if path.is_file() and not path.stat().st_size:
                path.unlink()
        except OSError:
            self.handleError(logging.makeLogRecord({}))


class LogOutput:
    """The handlers that a run adds to its logger, and takes away again.

    Args:
        logger: The run's logger.
        level: The lowest level that is logged.
        file: A file to append to; `None` for none.

    Raises:
        OptionError: There is no such level.
    """

    def __init__(self, logger: logging.Logger, level: str | int = "INFO", file: Path | None = None) -> None:
        self.logger = logger
        self._level = logger.level
        wanted = level.upper() if isinstance(level, str) else level
        if isinstance(wanted, str) and wanted not in _LEVELS:
            message = f"log_level is one of {', '.join(_LEVELS)}, not {level!r}.{suggest(wanted, _LEVELS)}"
            raise OptionError(message)
        self._handlers: list[logging.Handler] = []
        if not logger.hasHandlers():
            self._handlers.append(ConsoleHandler())
        if file is not None:
            self._add_file(file)
        logger.setLevel(wanted)
        for handler in self._handlers:
            logger.addHandler(handler)

    def _add_file(self, path: Path) -> None:
        try:
            handler = RunFile(path, encoding="utf-8")
        except OSError as error:
            self.logger.warning("The log is not written to a file: %s", error)
            return
        handler.setFormatter(logging.Formatter(_FORMAT))
        self._handlers.append(handler)

    def close(self) -> None:
        """Take the handlers away, and close the file."""
        for handler in self._handlers:
            self.logger.removeHandler(handler)
            handler.close()
        self._handlers.clear()
        self.logger.setLevel(self._level)


def log_output_of(runner: Any, folder: str | Path | None = None) -> LogOutput:
    """The output of a run's log, begun with the run's header: its file is `DATE.log` in a folder, by default the run's.

    Args:
        runner: The engine; its `log_level`, if it has one, is the lowest level that is logged.
        folder: Another folder; it is made.

    Raises:
        OptionError: There is no such level.
    """
    path = None
    chosen = folder or runner.work_dir
    if chosen is not None:
        Path(chosen).mkdir(parents=True, exist_ok=True)
        path = Path(chosen) / f"{runner.timestamp}.log"
    output = LogOutput(runner.logger, getattr(runner, "log_level", "INFO"), path)
    for line in header_of(runner):
        runner.logger.info("%s", line)
    return output


def handlers_of(logger: logging.Logger) -> list[logging.Handler]:
    """Every handler that the records of a logger reach."""
    found: list[logging.Handler] = []
    current: logging.Logger | None = logger
    while current is not None:
        found += current.handlers
        current = current.parent if current.propagate else None
    return found


def writes_to_terminal(handler: logging.Handler) -> bool:
    """Whether a handler that is not ours writes to a terminal, where it would disturb a progress bar."""
    if isinstance(handler, ConsoleHandler) or not isinstance(handler, logging.StreamHandler):
        return False
    try:
        return bool(handler.stream.isatty())
    except (AttributeError, ValueError):
        return False
