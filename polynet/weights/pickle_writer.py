"""Write the two pickles that frameworks read state dictionaries from, opcode by opcode, with no framework installed.

The standard pickler would name whatever numpy calls its own modules today; MegEngine's numpy would then not find them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from polynet.weights.elements import Array, element_of, little_endian
from polynet.weights.torch_pickle import STORAGES

_MARK, _REDUCE, _TUPLE, _BUILD, _SETITEMS, _STOP = b"(", b"R", b"t", b"b", b"u", b"."
_STORAGE_OF = {element: name for name, element in STORAGES.items() if not name.endswith("UntypedStorage")}


def torch_state_pickle(tensors: Mapping[str, Array]) -> bytes:
    """The `data.pkl` of a torch file: storage `i` belongs to the tensor at place `i`.

    Raises:
        CheckpointError: torch has no storage for an array's type.
    """
    parts = [b"\x80\x02", _name("collections", "OrderedDict"), b")", _REDUCE, _MARK]
    for index, (name, array) in enumerate(tensors.items()):
        storage = _STORAGE_OF.get(element_of(array).name)
        if storage is None:
            from polynet.errors import CheckpointError

            message = f"{name!r} holds {array.dtype}, for which torch's file format has no storage."
            raise CheckpointError(message)
        module, _, leaf = storage.rpartition(".")
        strides = [stride // array.itemsize for stride in _contiguous_strides(array)]
        parts += [
            _text(name),
            _name("torch._utils", "_rebuild_tensor_v2"),
            _MARK,
            _MARK, _text("storage"), _name(module, leaf), _text(str(index)), _text("cpu"), _integer(array.size), _TUPLE,
            b"Q",
            _integer(0),
            _integers(array.shape),
            _integers(strides),
            b"\x89",
            _name("collections", "OrderedDict"), b")", _REDUCE,
            _TUPLE,
            _REDUCE,
        ]  # fmt: skip
    parts += [_SETITEMS, _STOP]
    return b"".join(parts)


def megengine_state_pickle(tensors: Mapping[str, Array]) -> Iterator[bytes | memoryview]:
    """The parts of a pickle that `megengine.load` reads as a dictionary of arrays; the arrays' bytes are not copied.

    Raises:
        CheckpointError: An array's type cannot be written.
    """
    yield b"\x80\x04" + _name("collections", "OrderedDict") + b")" + _REDUCE + _MARK
    for name, array in tensors.items():
        stored = element_of(array).stored
        data = little_endian(array)
        order = _text("<" if stored.itemsize > 1 else "|")
        yield b"".join(
            (
                _text(name),
                _name("numpy.core.multiarray", "_reconstruct"),
                _MARK, _name("numpy", "ndarray"), _integers((0,)), b"C\x01b", _TUPLE,
                _REDUCE,
                _MARK, _integer(1), _integers(array.shape),
                _name("numpy", "dtype"), _MARK, _text(f"{stored.kind}{stored.itemsize}"), b"\x89\x88", _TUPLE, _REDUCE,
                _MARK, _integer(3), order, b"NNN", _integer(-1), _integer(-1), _integer(0), _TUPLE, _BUILD,
                b"\x89",
                b"\x8e" + struct.pack("<Q", data.nbytes),
            )
        )  # fmt: skip
        yield data.reshape(-1).view("u1").data
        yield _TUPLE + _BUILD
    yield _SETITEMS + _STOP


def _contiguous_strides(array: Array) -> list[int]:
    strides: list[int] = []
    step = array.itemsize
    for size in reversed(array.shape):
        strides.insert(0, step)
        step *= max(size, 1)
    return strides


def _name(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def _integer(value: int) -> bytes:
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    return b"\x8a\x08" + struct.pack("<q", value)


def _integers(values: tuple[int, ...] | list[int]) -> bytes:
    return _MARK + b"".join(map(_integer, values)) + _TUPLE
