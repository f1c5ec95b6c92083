"""Forking without the page of messages that MegEngine's handler of forks writes where there is no GPU."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_STANDARD_ERROR = 2


@contextlib.contextmanager
def standard_error_away(start_method: str) -> Iterator[int | None]:
    """Send the standard error nowhere while processes are forked.

    In each fork MegEngine asks for the CUDA driver, and without one its stand-in writes straight to the file
    descriptor.

    Args:
        start_method: How processes are started; where it is not `"fork"`, or there is a GPU, nothing is done.

    Yields:
        The standard error itself, for `restore_standard_error` in the child; `None` where nothing was done.
    """
    if start_method != "fork" or Path("/dev/nvidiactl").exists():
        yield None
        return
    try:
        kept = os.dup(_STANDARD_ERROR)
    except OSError:  # closed: nothing can be written to it
        yield None
        return
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STANDARD_ERROR)
    os.close(nowhere)
    try:
        yield kept
    finally:
        os.dup2(kept, _STANDARD_ERROR)
        os.close(kept)


def restore_standard_error(kept: int | None) -> None:
    """In the child, have the standard error back."""
    if kept is not None:
        os.dup2(kept, _STANDARD_ERROR)
        os.close(kept)
