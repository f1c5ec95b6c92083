"""torch's file format before 1.6, which old published weights have: pickles in a row, then the storages' bytes."""

from __future__ import annotations

import struct

from polynet.errors import CheckpointError
from polynet.weights.checkpoint import Checkpoint, unwrapped
from polynet.weights.pickle_machine import PickleMachine
from polynet.weights.torch_pickle import TorchStorage, resolved, storage_of, torch_names

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
LEGACY_MAGIC = _MAGIC_NUMBER.to_bytes(10, "little")
"""Lies within the first bytes of every such file: the first pickle holds it."""

_PROTOCOL = 1001


def read_torch_legacy(data: memoryview) -> Checkpoint:
    """Read a file that torch before 1.6 wrote (or `_use_new_zipfile_serialization=False`).

    In a row: a magic number, a protocol number, facts on the machine, the object, the keys of its storages (each a
    pickle), and for each key a count and that many numbers.

    Args:
        data: The file's bytes.

    Raises:
        UnsafeCheckpointError: A pickle names a function that reading weights does not need.
        CheckpointError: It is damaged.
    """
    names = torch_names(len(data))
    magic, position = PickleMachine(data, 0, {}).run()
    protocol, position = PickleMachine(data, position, {}).run()
    machine, position = PickleMachine(data, position, names).run()
    if magic != _MAGIC_NUMBER or protocol != _PROTOCOL:
        message = "The file begins like one of torch before 1.6, but its protocol is unknown."
        raise CheckpointError(message)
    if isinstance(machine, dict) and machine.get("little_endian") is False:
        message = "The checkpoint was written on a big-endian machine, which PolyNet does not read."
        raise CheckpointError(message)
    known: dict[str, TorchStorage] = {}
    root, position = PickleMachine(data, position, names, lambda identifier: _storage(identifier, known)).run()
    keys, position = PickleMachine(data, position, names).run()
    if not isinstance(keys, list):
        message = "The checkpoint is damaged: no list of storages."
        raise CheckpointError(message)
    for key in keys:
        position = _attach(data, position, known.get(key) if isinstance(key, str) else None)
    return unwrapped(resolved(root, len(data)), "torch-legacy")


def _storage(identifier: object, known: dict[str, TorchStorage]) -> object:
    """The named storage, or the part of it that a sixth item (key, offset, count) asks for."""
    found = storage_of(identifier, known)
    if isinstance(identifier, tuple) and len(identifier) == 6 and identifier[5] is not None:
        message = "The checkpoint holds views of storages as torch 0.3 wrote them, which PolyNet does not read."
        raise CheckpointError(message)
    return found


def _attach(data: memoryview, position: int, storage: TorchStorage | None) -> int:
    """Give a storage its bytes; return the position after them."""
    if storage is None:
        message = "The checkpoint is damaged: bytes for a storage that nothing uses."
        raise CheckpointError(message)
    header = data[position : position + 8]
    if len(header) < 8:
        message = f"The checkpoint is truncated at storage {storage.key!r}."
        raise CheckpointError(message)
    (count,) = struct.unpack("<q", header)
    end = position + 8 + storage.size
    if count != storage.count or end > len(data):
        message = (
            f"The checkpoint is damaged or truncated: storage {storage.key!r} should have {storage.count} numbers, "
            f"{count} are announced and {len(data) - position - 8} bytes are left."
        )
        raise CheckpointError(message)
    storage.data = data[position + 8 : end]
    return end
