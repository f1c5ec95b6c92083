"""A queue between processes that passes blocks of bytes in shared memory."""

from __future__ import annotations

import mmap
import multiprocessing.context
import os
from multiprocessing.reduction import DupFd
from typing import Any

import numpy as np

from polynet.data.packing import Block


class SharedMemoryQueue:
    """Has the methods that MegEngine's loader calls on its own queue.

    Blocks lie in files that have no name (`memfd_create`), of which only a handle is sent: whichever process is killed,
    nothing of them is left in /dev/shm, and the messages are so short that a pipe takes them whole or not at all.

    Args:
        context: How processes are started.
    """

    def __init__(self, context: multiprocessing.context.BaseContext) -> None:
        self._queue = context.Queue()

    def put(self, numbered: tuple[int, Any]) -> None:
        """Send a number with a block of bytes, or with any small thing."""
        number, content = numbered
        self._queue.put((number, _Shared(content) if isinstance(content, np.ndarray) else content))

    def get(self, timeout: float) -> tuple[int, Any]:
        """Receive what was sent; `queue.Empty` where nothing comes in `timeout` seconds."""
        number, content = self._queue.get(timeout=timeout)
        return number, content.block() if isinstance(content, _Received) else content

    def disconnect_client(self) -> None:
        """Nothing: there is no server to leave."""

    def cancel_join_thread(self) -> None:
        """Let a process end although what it sent has not been read."""
        self._queue.cancel_join_thread()

    def close(self) -> None:
        """Send nothing more from this process."""
        self._queue.close()


class _Shared:
    """A block in shared memory, in the process that made it."""

    def __init__(self, block: Block) -> None:
        self._size = len(block)
        self._handle = os.memfd_create("polynet-batch")
        with open(self._handle, "wb", closefd=False) as file:
            file.write(block.data)

    def __reduce__(self) -> tuple[type[_Received], tuple[Any, int]]:
        return _Received, (DupFd(self._handle), self._size)

    def __del__(self) -> None:
        os.close(self._handle)


class _Received:
    """The same block in the process that reads it."""

    def __init__(self, handle: Any, size: int) -> None:
        self._handle, self._size = handle, size

    def block(self) -> Block:
        handle = self._handle.detach()
        try:
            memory = mmap.mmap(handle, self._size)
        finally:
            os.close(handle)
        return np.frombuffer(memory, dtype=np.uint8)
