"""A checksum inside a safetensors file, over everything in the file but itself.

It is the BLAKE2b of the header and of the BLAKE2b of each four mebibytes of the tensors' bytes, so that several threads
can share the work. It stands in the metadata, at the front. So the file is written with nought in its place, summed on
the way to the disk, and the sum is put in before the file gets its name: nothing is read twice, nothing is copied.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from polynet.errors import CheckpointError

KEY = "blake2b"
"""The metadata's key for it."""

_BYTES = 16
BLANK = "0" * (2 * _BYTES)
"""What stands in its place while the sum is taken."""

_LEAF = 4 << 20
_THREADS = min(4, os.cpu_count() or 1)


class Checksum:
    """A sum that is taken piece by piece while the pieces are written; to be used as a context.

    Args:
        header: The file's header, the sum's place in it blank.

    Example:
        >>> with Checksum(b"header") as whole, Checksum(b"header") as parts:
        ...     whole.add(memoryview(b"abc"))
        ...     parts.add(memoryview(b"ab")); parts.add(memoryview(b"c"))
        ...     whole.text() == parts.text(), len(whole.text())
        (True, 32)
    """

    def __init__(self, header: bytes) -> None:
        self._sum = hashlib.blake2b(header, digest_size=_BYTES)
        self._leaf: list[memoryview] = []
        self._room = _LEAF
        self._pending: deque[Future[bytes]] = deque()
        self._pool = ThreadPoolExecutor(_THREADS)

    def __enter__(self) -> Checksum:
        """Nothing more."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def add(self, data: memoryview) -> None:
        """Add the next bytes; they must stay as they are until the sum is asked for."""
        data = data.cast("B") if data.nbytes else data[:0]
        while data.nbytes:
            part, data = data[: self._room], data[self._room :]
            self._leaf.append(part)
            self._room -= part.nbytes
            if not self._room:
                self._pending.append(self._pool.submit(_leaf_sum, self._leaf))
                self._leaf, self._room = [], _LEAF
                # Whatever waits keeps its bytes in memory, so only a few may.
                if len(self._pending) > 2 * _THREADS:
                    self._sum.update(self._pending.popleft().result())

    def text(self) -> str:
        """The sum, in hexadecimal digits."""
        while self._pending:
            self._sum.update(self._pending.popleft().result())
        found = self._sum.copy()
        if self._leaf:
            found.update(_leaf_sum(self._leaf))
        return found.hexdigest()


def _leaf_sum(parts: Iterable[memoryview]) -> bytes:
    found = hashlib.blake2b(digest_size=_BYTES)
    for part in parts:
        found.update(part)
    return found.digest()


def place_in(header: bytes) -> int:
    """Where in a header that was just made the blank sum stands."""
    return header.rindex(f'"{KEY}":"{BLANK}"'.encode()) + len(KEY) + 4


def verify(data: memoryview, recorded: str) -> None:
    """Hold a safetensors file against the checksum that its metadata records.

    Args:
        data: The whole file.
        recorded: The checksum.

    Raises:
        CheckpointError: The sum is another: the file was damaged after it was written.

    Example:
        >>> import tempfile, numpy as np
        >>> from polynet.weights.mapped import map_file
        >>> from polynet.weights.safetensors_file import read_safetensors, write_safetensors
        >>> path = tempfile.mkdtemp() + "/summed.safetensors"
        >>> write_safetensors(path, {"weight": np.ones(2, np.float32)}, checksum=True)
        >>> data = map_file(path)
        >>> verify(data, read_safetensors(data).metadata["blake2b"])
    """
    (length,) = struct.unpack_from("<Q", data)
    header = bytes(data[: 8 + length])
    wanted = f'"{KEY}":"{recorded}"'.encode()
    if header.count(wanted) == 1:
        with Checksum(header.replace(wanted, f'"{KEY}":"{BLANK}"'.encode())) as found:
            found.add(data[8 + length :])
            if found.text() == recorded:
                return
    message = "The file is damaged: its content does not have the checksum that it records."
    raise CheckpointError(message)
