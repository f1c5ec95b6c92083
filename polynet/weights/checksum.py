"""A checksum inside a safetensors file, over everything in the file but itself.

It stands in the metadata, at the front. So the file is written with nought in its place, summed on the way to the disk,
and the sum is put in before the file gets its name: nothing is read twice and nothing is copied.
"""

from __future__ import annotations

import hashlib
import struct

from polynet.errors import CheckpointError

KEY = "blake2b"
"""The metadata's key for it, which is the algorithm's name."""

_BYTES = 16
BLANK = "0" * (2 * _BYTES)
"""What stands in its place while the sum is taken."""

_STRETCH = 32 << 20  # the interpreter's lock is free while one is summed; a signal is heard between two


class Checksum:
    """A sum that is taken piece by piece.

    Example:
        >>> whole = Checksum()
        >>> whole.add(b"abc")
        >>> parts = Checksum()
        >>> parts.add(b"ab"); parts.add(b"c")
        >>> whole.text() == parts.text(), len(whole.text())
        (True, 32)
    """

    def __init__(self) -> None:
        self._sum = hashlib.blake2b(digest_size=_BYTES)

    def add(self, data: bytes | memoryview) -> None:
        """Add the next bytes."""
        self._sum.update(data)

    def text(self) -> str:
        """The sum so far, in hexadecimal digits."""
        return self._sum.hexdigest()


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
    found = Checksum()
    if header.count(wanted) == 1:
        found.add(header.replace(wanted, f'"{KEY}":"{BLANK}"'.encode()))
        for start in range(8 + length, len(data), _STRETCH):
            found.add(data[start : start + _STRETCH])
    if found.text() != recorded:
        message = "The file is damaged: its content does not have the checksum that it records."
        raise CheckpointError(message)
