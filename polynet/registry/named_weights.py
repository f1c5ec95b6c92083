"""Weights that parts of a network name in their configs, and when they are loaded.

A whole network is given its initial weights after it was constructed. Weights that a part loads in its constructor
would be overwritten then, so that they wait until it is done.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from polynet.types import NativeModule

WAITING: ContextVar[list[tuple[NativeModule, Any]] | None] = ContextVar("polynet_waiting_weights", default=None)
"""Parts with the weights they named, in the order of their construction; `None` where nothing need wait."""


@contextlib.contextmanager
def waiting() -> Iterator[list[tuple[NativeModule, Any]]]:
    """Put off the loading of weights inside a `with` block, and list what is to be loaded."""
    named: list[tuple[NativeModule, Any]] = []
    token = WAITING.set(named)
    try:
        yield named
    finally:
        WAITING.reset(token)
