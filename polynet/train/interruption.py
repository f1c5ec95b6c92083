"""Ctrl-C and `kill`: the first asks a run to stop at the next step, so that nothing is lost; a second does not wait."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_MOMENT = 0.1
"""Seconds."""


class Interrupted:
    """Which signal came, if one did."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def raise_again(self) -> None:
        """End the program as the signal would have, now that everything is saved."""
        if self.signal is signal.SIGINT:
            raise KeyboardInterrupt
        if self.signal is not None:
            raise SystemExit(128 + self.signal)


@contextlib.contextmanager
def deferred_signals(stop: Callable[[str], None]) -> Iterator[Interrupted]:
    """Within the block, hand the first SIGINT or SIGTERM to `stop` as a reason; a second one acts at once.

    Signals reach the main thread alone; in any other nothing is changed.
    """
    interrupted = Interrupted()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    # What is ignored, as in a job that a shell put into the background, stays so.
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}

    def handle(number: int, frame: FrameType | None) -> None:
        interrupted.signal = signal.Signals(number)
        for each, handler in before.items():
            signal.signal(each, handler)
        # What was interrupted may be writing to the log, which must not be written to in between: another thread waits
        # for it. Nothing is waited for here but that the reason is noted, which is the first that `stop` does.
        told = threading.Thread(target=stop, args=(f"interrupted by {interrupted.signal.name}",))
        told.start()
        told.join(_MOMENT)

    for number in before:
        signal.signal(number, handle)
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
