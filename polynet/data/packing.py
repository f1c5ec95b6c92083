"""A batch as one block of bytes, so that it crosses from a worker process in shared memory, whatever it holds.

The message that travels through the pipe is then a short one: a worker that is killed while it writes cannot leave half
a message behind, on which the reader would wait for ever.
"""

from __future__ import annotations

import pickle
from typing import Any, TypeAlias

import numpy as np

Block: TypeAlias = "np.ndarray[Any, np.dtype[np.uint8]]"

_ALIGNMENT = 64


def pack(value: Any) -> Block:
    """Lay a value out in one block: its arrays as they are, the rest pickled.

    Args:
        value: Anything that can be pickled; arrays in it are copied once.

    Returns:
        (bytes,) uint8.

    Example:
        >>> unpack(pack({"images": np.arange(3), "name": "x"}))
        {'images': array([0, 1, 2]), 'name': 'x'}
    """
    buffers: list[pickle.PickleBuffer] = []
    header = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    views = [np.frombuffer(header, dtype=np.uint8)]
    views += [np.frombuffer(buffer.raw(), dtype=np.uint8) for buffer in buffers]
    table = np.array([len(views), *(len(view) for view in views)], dtype=np.int64).view(np.uint8)
    offsets, total = _layout([len(table), *(len(view) for view in views)])
    block = np.empty(total, dtype=np.uint8)
    for offset, view in zip(offsets, [table, *views], strict=True):
        block[offset : offset + len(view)] = view
    return block


def unpack(block: Block) -> Any:
    """The value that `pack` laid out; its arrays are views of the block, and keep it alive.

    Args:
        block: (bytes,) uint8.
    """
    count = int(block[:8].view(np.int64)[0])
    lengths = block[8 : 8 * (count + 1)].view(np.int64).tolist()
    offsets, _ = _layout([8 * (count + 1), *lengths])
    views = [block[offset : offset + length] for offset, length in zip(offsets[1:], lengths, strict=True)]
    return pickle.loads(views[0].data, buffers=[view.data for view in views[1:]])


def _layout(lengths: list[int]) -> tuple[list[int], int]:
    """Where parts of these lengths begin, each at a multiple of the alignment, and how long the whole is."""
    offsets: list[int] = []
    end = 0
    for length in lengths:
        offsets.append(end)
        end += -(-length // _ALIGNMENT) * _ALIGNMENT
    return offsets, end
