"""safetensors files: a checked JSON header, then the tensors' bytes, read as views and written without copies.

The format is Hugging Face's (https://github.com/huggingface/safetensors): eight bytes with the header's length, the
header, and one region of bytes that the tensors fill without gaps or overlaps.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from polynet.errors import CheckpointError
from polynet.weights import checksum as sums
from polynet.weights.atomic import replacing, write_fully
from polynet.weights.checkpoint import Checkpoint
from polynet.weights.elements import ELEMENTS, Array, ElementType, element_of, little_endian, usable
from polynet.weights.mapped import PathLike
from polynet.weights.pieces import Pieces

_CODES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}
_CODE_OF = {name: code for code, name in _CODES.items()}
_METADATA = "__metadata__"
_LARGEST_HEADER = 25_000_000  # a quarter of a million tensors; a thousand need 100 kB
_ALIGNMENT = 64
_WIDEST_RANK = 32


def looks_like_safetensors(data: memoryview) -> bool:
    """Whether a file begins as safetensors files do: a length that fits, then a brace."""
    if len(data) < 9:
        return False
    (length,) = struct.unpack_from("<Q", data)
    return data[8] == ord("{") and 2 <= length <= _LARGEST_HEADER


def read_safetensors(data: memoryview) -> Checkpoint:
    """Read a safetensors file.

    Args:
        data: The file's bytes.

    Returns:
        Arrays that are read-only views of `data`; bfloat16 alone is copied, to float32.

    Raises:
        CheckpointError: The header is damaged, lies, or does not account for every byte.
    """
    if len(data) < 8:
        message = "The file is too short for a safetensors header."
        raise CheckpointError(message)
    (length,) = struct.unpack_from("<Q", data)
    if length > min(len(data) - 8, _LARGEST_HEADER):
        message = f"The file is damaged or truncated: a header of {length} bytes in a file of {len(data)}."
        raise CheckpointError(message)
    header = _parse(bytes(data[8 : 8 + length]))
    body = data[8 + length :]
    metadata = _metadata(header.pop(_METADATA, {}))
    spans: list[tuple[int, int]] = []
    tensors: dict[str, Array] = {}
    for name, entry in header.items():
        element, shape, begin, end = _entry(name, entry, len(body))
        spans.append((begin, end))
        stored: Array = np.frombuffer(body[begin:end], element.stored).reshape(shape)
        tensors[name] = usable(stored, element)
    _check_coverage(spans, len(body))
    return Checkpoint(tensors, metadata, "safetensors")


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_small_integer,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except (ValueError, RecursionError) as error:
        if isinstance(error, CheckpointError):
            raise
        message = f"The safetensors header is damaged: {error}"
        raise CheckpointError(message) from error
    if not isinstance(header, dict):
        message = "The safetensors header is damaged: it is no JSON object."
        raise CheckpointError(message)
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "The safetensors header is damaged: one name stands twice in it."
        raise CheckpointError(message)
    return found


def _small_integer(text: str) -> int:
    if len(text) > 18:
        message = f"The safetensors header is damaged: the number {text[:24]}…"
        raise CheckpointError(message)
    return int(text)


def _no_float(text: str) -> float:
    message = f"The safetensors header is damaged: {text[:24]!r} where a whole number belongs."
    raise CheckpointError(message)


def _metadata(given: object) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        message = f"The safetensors header is damaged: {_METADATA} must map text to text."
        raise CheckpointError(message)
    return given


def _entry(name: str, entry: object, size: int) -> tuple[ElementType, tuple[int, ...], int, int]:
    """Check one tensor's entry against the bytes there are."""
    if not isinstance(entry, dict) or not {"dtype", "shape", "data_offsets"} <= entry.keys():
        message = f"The safetensors header is damaged: the entry of {name[:80]!r} lacks dtype, shape or data_offsets."
        raise CheckpointError(message)
    code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(code, str) or code not in _CODES:
        message = (
            f"{name[:80]!r} has the type {str(code)[:24]!r}, which PolyNet does not read; it reads {', '.join(_CODES)}."
        )
        raise CheckpointError(message)
    if not _whole_numbers(shape) or len(shape) > _WIDEST_RANK or not _whole_numbers(offsets) or len(offsets) != 2:
        message = f"The safetensors header is damaged: shape or data_offsets of {name[:80]!r}."
        raise CheckpointError(message)
    element = ELEMENTS[_CODES[code]]
    begin, end = offsets
    needed = math.prod(shape) * element.size
    if not 0 <= begin <= end <= size or end - begin != needed:
        message = (
            f"The file is damaged or truncated: {name[:80]!r} of shape {shape} needs {needed} bytes; "
            f"it is said to lie at {begin}…{end} of {size}."
        )
        raise CheckpointError(message)
    return element, tuple(shape), begin, end


def _whole_numbers(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _check_coverage(spans: list[tuple[int, int]], size: int) -> None:
    """Every byte belongs to one tensor; anything else hides something, or is cut off."""
    position = 0
    for begin, end in sorted(spans):
        if begin != position:
            message = f"The file is damaged: the tensors overlap or leave a gap at byte {position} of the data."
            raise CheckpointError(message)
        position = end
    if position != size:
        message = f"The file is damaged: {size - position} bytes after the last tensor belong to none."
        raise CheckpointError(message)


def write_safetensors(
    path: PathLike,
    tensors: Mapping[str, Array | Pieces],
    metadata: Mapping[str, str] | None = None,
    *,
    checksum: bool = False,
) -> None:
    """Write a safetensors file in one step, each tensor straight from its own memory.

    What must be read in pieces is read while another thread writes.

    Args:
        path: The file; replaced in one step.
        tensors: Arrays by name, or how to read them.
        metadata: Text to keep beside them.
        checksum: Whether to keep a checksum of the file in its metadata, for `polynet.weights.checksum.verify`.

    Raises:
        CheckpointError: The file cannot be written, a name is taken by the format, or a type is no plain number.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/weights.safetensors"
        >>> write_safetensors(path, {"weight": np.ones(2, np.float32)}, {"origin": "an example"})
        >>> from polynet.weights.files import read_checkpoint
        >>> read_checkpoint(path).metadata
        {'origin': 'an example'}
    """
    # Widest elements first, so that every tensor lies on a boundary of its own element size.
    ordered = sorted(tensors, key=lambda name: -element_of(tensors[name]).size)
    blank = {sums.KEY: sums.BLANK} if checksum else {}
    header = _header(ordered, tensors, {**(metadata or {}), **blank})
    with replacing(path) as file, sums.Checksum(header) as found:
        write_fully(file, memoryview(header))
        with ThreadPoolExecutor(1) as writer:
            written: Future[None] | None = None
            for name in ordered:
                for array in _pieces(tensors[name]):
                    data = little_endian(array).reshape(-1).view("u1").data
                    if written is not None:
                        written.result()
                    written = writer.submit(write_fully, file, data)
                    if checksum:
                        found.add(data)
            if written is not None:
                written.result()
        if checksum:
            file.seek(sums.place_in(header))
            write_fully(file, memoryview(found.text().encode()))


def _pieces(tensor: Array | Pieces) -> Iterator[Array]:
    """What there is to write of a tensor, in order."""
    if isinstance(tensor, Pieces):
        yield from tensor.read()
    elif tensor.size:
        yield tensor


def _header(ordered: list[str], tensors: Mapping[str, Array | Pieces], metadata: Mapping[str, str]) -> bytes:
    entries: dict[str, Any] = {_METADATA: dict(metadata)} if metadata else {}
    position = 0
    for name in ordered:
        array = tensors[name]
        if name == _METADATA:
            message = f"A tensor may not be called {_METADATA!r} in a safetensors file."
            raise CheckpointError(message)
        entries[name] = {
            "dtype": _CODE_OF[element_of(array).name],
            "shape": list(array.shape),
            "data_offsets": [position, position + array.nbytes],
        }
        position += array.nbytes
    raw = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    raw += b" " * (-(len(raw) + 8) % _ALIGNMENT)
    if len(raw) > _LARGEST_HEADER:
        message = f"The names and metadata take {len(raw)} bytes; a safetensors file has room for {_LARGEST_HEADER}."
        raise CheckpointError(message)
    return struct.pack("<Q", len(raw)) + raw
