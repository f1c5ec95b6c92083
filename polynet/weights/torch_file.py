"""torch's `.pth`/`.pt` files since 1.6, read and written without torch: a zip of one pickle and one entry a storage."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

from polynet.errors import CheckpointError, UnsafeCheckpointError
from polynet.weights.atomic import replacing
from polynet.weights.checkpoint import Checkpoint, unwrapped
from polynet.weights.elements import Array, element_of, little_endian
from polynet.weights.mapped import PathLike
from polynet.weights.pickle_machine import PickleMachine
from polynet.weights.pickle_writer import torch_state_pickle
from polynet.weights.torch_pickle import TorchStorage, resolved, storage_of, torch_names

ZIP_MAGIC = b"PK\x03\x04"

_LOCAL_HEADER = 30
_LARGEST_RATIO = 1032  # of one entry: deflate's own limit, which zeros reach
_LARGEST_TOTAL = 20  # of all entries together
_LARGEST_READ = 16 << 20  # of the zip's directory at a time: 200 000 entries
_ALIGNMENT = 64


def read_torch_zip(data: memoryview) -> Checkpoint:
    """Read a zip that `torch.save` wrote.

    As torch does, it does not check the zip's checksums: reading costs no pass over the file.

    Args:
        data: The file's bytes.

    Raises:
        UnsafeCheckpointError: Loading it would run code: its pickle names a function, or it is a TorchScript archive.
        CheckpointError: It is damaged, or no torch checkpoint.
    """
    archive = _Archive(data)
    known: dict[str, TorchStorage] = {}

    def persistent(identifier: object) -> TorchStorage:
        storage = storage_of(identifier, known)
        if storage.data is None:
            storage.data = archive.entry(f"data/{storage.key}", storage.size)
        return storage

    pickled = archive.entry("data.pkl", None)
    root, _ = PickleMachine(pickled, 0, torch_names(len(data)), persistent).run()
    return unwrapped(resolved(root, len(data)), "torch")


class _Archive:
    """The entries of a zip, as views of the file."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        try:
            with zipfile.ZipFile(_Reader(data)) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error, EOFError) as error:
            # What zipfile says of a truncated file, that it is no zip, contradicts its beginning.
            why = ", whose directory at the end is missing" if "not a zip" in str(error) else f": {error}"
            message = f"The file is a damaged or truncated zip{why}."
            raise CheckpointError(message) from error
        roots = {entry.filename.rsplit("/", 1)[0] for entry in entries if entry.filename.endswith("/data.pkl")}
        if len(roots) != 1:
            message = "The file is a zip, but not one that torch.save wrote: it needs exactly one 'data.pkl'."
            raise CheckpointError(message)
        self._root = roots.pop()
        self._entries = {entry.filename: entry for entry in entries}
        self._budget = _LARGEST_TOTAL * len(data) + (64 << 20)
        if len(self._entries) != len(entries):
            message = "The checkpoint is damaged or made up: two entries of its zip have one name."
            raise CheckpointError(message)
        if any(name.startswith(f"{self._root}/code/") for name in self._entries):
            message = "The file is a TorchScript archive, which holds code; save its state_dict with torch.save."
            raise UnsafeCheckpointError(message)
        order = self._entries.get(f"{self._root}/byteorder")
        if order is not None and bytes(self.entry("byteorder", None)) != b"little":
            message = "The checkpoint was written on a big-endian machine, which PolyNet does not read."
            raise CheckpointError(message)

    def entry(self, name: str, size: int | None) -> memoryview:
        """The bytes of an entry; `size` is what they must be, where it is known."""
        found = self._entries.get(f"{self._root}/{name}")
        if found is None:
            message = f"The checkpoint is damaged: its entry {name[:80]!r} is missing."
            raise CheckpointError(message)
        if size is not None and found.file_size != size:
            message = (
                f"The checkpoint is damaged: entry {name[:80]!r} has {found.file_size} bytes, {size} are declared."
            )
            raise CheckpointError(message)
        packed = self._packed(found)
        if found.compress_type == zipfile.ZIP_STORED:
            if found.compress_size != found.file_size:
                message = f"The checkpoint is damaged: entry {name[:80]!r} has two sizes."
                raise CheckpointError(message)
            return packed
        self._budget -= found.file_size
        if self._budget < 0:
            message = f"The checkpoint unpacks to more than {_LARGEST_TOTAL} times its size; it was refused."
            raise CheckpointError(message)
        return _inflate(packed, found)

    def _packed(self, entry: zipfile.ZipInfo) -> memoryview:
        start = entry.header_offset
        if entry.flag_bits & 1 or start < 0 or bytes(self._data[start : start + 4]) != ZIP_MAGIC:
            message = (
                f"The checkpoint is damaged: entry {entry.filename[:80]!r} is encrypted or not where it should be."
            )
            raise CheckpointError(message)
        header = self._data[start : start + _LOCAL_HEADER]
        if len(header) < _LOCAL_HEADER:
            message = f"The checkpoint is truncated at entry {entry.filename[:80]!r}."
            raise CheckpointError(message)
        name_length, extra_length = struct.unpack_from("<HH", header, 26)
        first = start + _LOCAL_HEADER + name_length + extra_length
        packed = self._data[first : first + entry.compress_size]
        if len(packed) != entry.compress_size:
            message = f"The checkpoint is truncated at entry {entry.filename[:80]!r}."
            raise CheckpointError(message)
        return packed


class _Reader(io.RawIOBase):
    """A seekable file over mapped bytes, so that the zip's directory is parsed without copying the file."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._position = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._data)}[whence]
        if base + offset < 0:
            message = "a position before the file"
            raise ValueError(message)
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._position + size
        if min(end, len(self._data)) - self._position > _LARGEST_READ:
            message = "its directory is larger than any checkpoint's"
            raise OSError(message)
        taken = bytes(self._data[self._position : end])
        self._position += len(taken)
        return taken


def _inflate(packed: memoryview, entry: zipfile.ZipInfo) -> memoryview:
    """Unpack an entry that some tool compressed; torch itself stores. The size is bounded before a byte is unpacked."""
    limit = min(entry.file_size, _LARGEST_RATIO * len(packed) + 1024)
    if entry.compress_type != zipfile.ZIP_DEFLATED or entry.file_size > limit:
        message = f"Entry {entry.filename[:80]!r} is compressed in a way, or to a ratio, that no checkpoint needs."
        raise CheckpointError(message)
    try:
        unpacked = zlib.decompressobj(-15).decompress(packed, entry.file_size + 1)
    except zlib.error as error:
        message = f"The checkpoint is damaged: entry {entry.filename[:80]!r}: {error}"
        raise CheckpointError(message) from error
    if len(unpacked) != entry.file_size:
        message = f"The checkpoint is damaged: entry {entry.filename[:80]!r} unpacks to another size than declared."
        raise CheckpointError(message)
    return memoryview(unpacked)


def write_torch_file(path: PathLike, tensors: Mapping[str, Array]) -> None:
    """Write a `.pth` file that `torch.load(path, weights_only=True)` reads, without torch.

    Args:
        path: The file; replaced in one step.
        tensors: Arrays by name. Every one gets a storage of its own.

    Raises:
        CheckpointError: The file cannot be written, or an array has a type that torch does not know.

    Example:
        >>> import tempfile, numpy as np
        >>> path = tempfile.mkdtemp() + "/weights.pth"
        >>> write_torch_file(path, {"weight": np.ones(2, np.float32)})
        >>> from polynet.weights.files import read_checkpoint
        >>> read_checkpoint(path).tensors["weight"]
        array([1., 1.], dtype=float32)
    """
    for array in tensors.values():
        element_of(array)
    with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _store(archive, file, "archive/data.pkl", memoryview(torch_state_pickle(tensors)))
        _store(archive, file, "archive/byteorder", memoryview(b"little"))
        for index, array in enumerate(tensors.values()):
            _store(archive, file, f"archive/data/{index}", little_endian(array).reshape(-1).view("u1").data)
        _store(archive, file, "archive/version", memoryview(b"3\n"))


def _store(archive: zipfile.ZipFile, file: io.FileIO, name: str, data: memoryview) -> None:
    """Store an entry with its bytes on a 64-byte boundary, as torch does, so that mapped storages are aligned."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    large = data.nbytes >= zipfile.ZIP64_LIMIT
    before = file.tell() + _LOCAL_HEADER + len(name) + (20 if large else 0) + 4
    padding = -before % _ALIGNMENT
    entry.extra = struct.pack("<HH", 0x4246, padding) + b"\0" * padding
    with archive.open(entry, "w", force_zip64=large) as target:
        for start in range(0, data.nbytes, 16 << 20):
            target.write(data[start : start + (16 << 20)])
