"""A pickle reader that cannot run code: it knows the opcodes, and a table of names instead of Python's imports.

A pickle is a program for a small stack machine; what makes it dangerous is that it may name any importable function and
call it. This machine imports nothing. A name the table does not hold ends the reading with `UnsafeCheckpointError`,
whether or not the file would have called it. Every length is held against the bytes that are there, memo numbers
against the operations done, so a crafted file costs no more memory or time than its size warrants.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from attrs import frozen

from polynet.errors import CheckpointError, PolyNetError, UnsafeCheckpointError

OPERATION_LIMIT = 2_000_000
"""Most opcodes of one pickle. A state of 10 000 tensors needs about 400 000."""

_LONGEST_NUMBER = 256
_LONGEST_LINE = 1 << 20
_LARGEST_KEY = (1 << 61) - 1
"""Above it integers share hashes, so a crafted file could make one dictionary take quadratic time."""


@frozen
class Global:
    """What a name in a pickle stands for here.

    Attributes:
        name: Its full name: `"collections.OrderedDict"`.
        call: What calling it does; `None` where it is only ever passed on.
    """

    name: str
    call: Callable[..., object] | None = None


@runtime_checkable
class Buildable(Protocol):
    """An object that a pickle may give a state after making it."""

    def build(self, state: object) -> None:
        """Take the state."""


class PickleMachine:
    """Reads one pickle.

    Args:
        data: Bytes in which the pickle lies.
        start: Where it begins.
        names: What may be named, by full name.
        persistent: Resolves persistent identifiers; `None` where there can be none.
    """

    def __init__(
        self,
        data: memoryview,
        start: int,
        names: Mapping[str, Global],
        persistent: Callable[[object], object] | None = None,
    ) -> None:
        self._data = data
        self._position = start
        self._names = names
        self._persistent = persistent
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> tuple[object, int]:
        """Read the pickle.

        Returns:
            The object, and the position after it.

        Raises:
            UnsafeCheckpointError: It names something outside the table.
            CheckpointError: It is damaged.
        """
        try:
            for _ in range(OPERATION_LIMIT):
                if self._position == len(self._data):
                    message = f"The pickle is truncated: it ends at byte {self._position}, before its end is marked."
                    raise CheckpointError(message)
                code = self._data[self._position]
                self._position += 1
                if code == _STOP:
                    return self._stack.pop(), self._position
                operation = _OPERATIONS.get(code)
                if operation is None:
                    message = f"The pickle is damaged: unknown opcode 0x{code:02x} at byte {self._position - 1}."
                    raise CheckpointError(message)
                operation(self)
        except PolyNetError:
            raise
        except (IndexError, KeyError, ValueError, TypeError, AttributeError, OverflowError, struct.error) as error:
            message = f"The pickle is damaged near byte {self._position}: what stands there cannot be read."
            raise CheckpointError(message) from error
        message = f"The pickle has more than {OPERATION_LIMIT} operations; no state dictionary needs that."
        raise CheckpointError(message)

    # Bytes

    def _take(self, count: int) -> memoryview:
        end = self._position + count
        if count < 0 or end > len(self._data):
            message = (
                f"The pickle is truncated or damaged: it asks for {count} bytes at {self._position}, "
                f"and {len(self._data) - self._position} are left."
            )
            raise CheckpointError(message)
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def _number(self, form: str) -> Any:
        (value,) = struct.unpack(form, self._take(struct.calcsize(form)))
        return value

    def _line(self, longest: int, encoding: str = "utf-8") -> str:
        width = 64
        while True:
            # The window grows, so that a short line never costs a long copy.
            window = bytes(self._data[self._position : self._position + min(width, longest + 1)])
            end = window.find(b"\n")
            if end >= 0:
                self._position += end + 1
                return window[:end].decode(encoding)
            if len(window) < width:
                message = f"The pickle is damaged: no line end within {len(window)} bytes after {self._position}."
                raise CheckpointError(message)
            width *= 4

    def _text(self, form: str) -> None:
        self._stack.append(bytes(self._take(self._number(form))).decode("utf-8", "surrogatepass"))

    def _old_string(self, form: str) -> None:
        raw = bytes(self._take(self._number(form)))
        try:
            self._stack.append(raw.decode("utf-8"))
        except UnicodeDecodeError:
            # Python 2 wrote byte strings: arrays' payloads among them, for which latin-1 keeps every byte.
            self._stack.append(raw.decode("latin-1"))

    def _raw(self, form: str) -> None:
        self._stack.append(self._take(self._number(form)))

    def _integer_text(self) -> None:
        line = self._line(_LONGEST_NUMBER)
        self._stack.append({"00": False, "01": True}.get(line) if line in ("00", "01") else int(line.rstrip("L")))

    def _long(self, form: str) -> None:
        length = self._number(form)
        if length > _LONGEST_NUMBER:
            message = f"The pickle is damaged: an integer of {length} bytes."
            raise CheckpointError(message)
        self._stack.append(int.from_bytes(self._take(length), "little", signed=True))

    # Containers

    def _push(self, value: object) -> None:
        self._stack.append(value)

    def _mark(self) -> None:
        self._marks.append(self._stack)
        self._stack = []

    def _pop_mark(self) -> list[Any]:
        items = self._stack
        self._stack = self._marks.pop()
        return items

    def _pop(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._pop_mark()

    def _tuple(self, count: int) -> None:
        if len(self._stack) < count:
            message = "The pickle is damaged: a tuple of more items than there are."
            raise CheckpointError(message)
        items = tuple(self._stack[len(self._stack) - count :])
        del self._stack[len(self._stack) - count :]
        self._stack.append(items)

    def _append(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list):
            message = "The pickle is damaged: it appends to something other than a list."
            raise CheckpointError(message)
        target.extend(items)

    def _fill(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            message = "The pickle is damaged: it sets items of something other than a dictionary, or half an item."
            raise CheckpointError(message)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[checked_key(key)] = value

    def _dictionary(self) -> None:
        items = self._pop_mark()
        self._stack.append({})
        self._fill(items)

    def _set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._fill([key, value])

    def _add(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, set):
            message = "The pickle is damaged: it adds to something other than a set."
            raise CheckpointError(message)
        target.update(checked_key(item) for item in items)

    def _put(self, index: int) -> None:
        self._memo[index] = self._stack[-1]

    def _get(self, index: int) -> None:
        self._stack.append(self._memo[index])

    # Names and calls

    def _name(self, module: object, name: object) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            message = "The pickle is damaged: a name that is no text."
            raise CheckpointError(message)
        full = f"{module}.{name}"
        found = self._names.get(full)
        if found is None:
            raise _refusal(full)
        self._stack.append(found)

    def _stack_name(self) -> None:
        name = self._stack.pop()
        self._name(self._stack.pop(), name)

    def _call(self, function: object, arguments: object) -> None:
        if not isinstance(function, Global) or function.call is None or not isinstance(arguments, tuple):
            message = f"The pickle is damaged: it calls {_short(function)}, which cannot be called."
            raise CheckpointError(message)
        self._stack.append(function.call(*arguments))

    def _reduce(self) -> None:
        arguments = self._stack.pop()
        self._call(self._stack.pop(), arguments)

    def _new_with_keywords(self) -> None:
        if self._stack.pop():
            message = "The pickle is damaged: keyword arguments, which no known class takes."
            raise CheckpointError(message)
        self._reduce()

    def _instance(self) -> None:
        module = self._line(_LONGEST_NUMBER)
        name = self._line(_LONGEST_NUMBER)
        arguments = tuple(self._pop_mark())
        self._name(module, name)
        self._call(self._stack.pop(), arguments)

    def _object(self) -> None:
        function, *arguments = self._pop_mark()
        self._call(function, tuple(arguments))

    def _build(self) -> None:
        state = self._stack.pop()
        target = self._stack[-1]
        if isinstance(target, dict):
            return  # attributes of a dictionary (torch keeps `_metadata` there) are no part of its items
        if not isinstance(target, Buildable):
            message = f"The pickle is damaged: it gives a state to {_short(target)}."
            raise CheckpointError(message)
        target.build(state)

    def _resolve(self, identifier: object) -> None:
        if self._persistent is None:
            message = "The pickle refers to data outside it, which this kind of file has not."
            raise CheckpointError(message)
        self._stack.append(self._persistent(identifier))

    def _extension(self) -> None:
        message = "The pickle uses the extension registry, which can stand for any function; it was refused."
        raise UnsafeCheckpointError(message)


def _refusal(full: str) -> PolyNetError:
    if full.startswith(("torch._utils._rebuild_", "torch.sparse", "torch.nested")):
        message = f"The checkpoint holds a kind of tensor ({full}) that PolyNet does not read; save it as a dense one."
        return CheckpointError(message)
    message = (
        f"The checkpoint names {full[:200]!r}, which reading weights does not need; a file may run any code through "
        f"such a name, so it was refused. If you trust it, load it with its framework and save its state_dict."
    )
    return UnsafeCheckpointError(message)


def checked_key(key: object) -> object:
    """A dictionary key, if it is of a kind that checkpoints use and that hashes in constant time.

    Raises:
        CheckpointError: It is anything but text, a moderate integer, a truth value or `None`.

    Example:
        >>> checked_key("weight")
        'weight'
    """
    if key is None or isinstance(key, str) or (isinstance(key, int) and -_LARGEST_KEY < key < _LARGEST_KEY):
        return key
    message = f"The pickle is damaged or made up: a dictionary key of type {type(key).__name__}."
    raise CheckpointError(message)


def _short(value: object) -> str:
    return repr(value.name) if isinstance(value, Global) else f"a {type(value).__name__}"


_STOP = ord(".")
_M = PickleMachine
# The names and numbers of the opcodes are those of the standard library's `pickletools`.
_OPERATIONS: dict[int, Callable[[PickleMachine], Any]] = {
    ord("("): _M._mark,
    ord("0"): _M._pop,
    ord("1"): lambda m: m._pop_mark(),
    ord("2"): lambda m: m._push(m._stack[-1]),
    ord("F"): lambda m: m._push(float(m._line(_LONGEST_NUMBER))),
    ord("G"): lambda m: m._push(m._number(">d")),
    ord("I"): _M._integer_text,
    ord("L"): _M._integer_text,
    ord("J"): lambda m: m._push(m._number("<i")),
    ord("K"): lambda m: m._push(m._number("<B")),
    ord("M"): lambda m: m._push(m._number("<H")),
    0x8A: lambda m: m._long("<B"),
    0x8B: lambda m: m._long("<I"),
    ord("N"): lambda m: m._push(None),
    0x88: lambda m: m._push(True),
    0x89: lambda m: m._push(False),
    ord("V"): lambda m: m._push(m._line(_LONGEST_LINE, "raw-unicode-escape")),
    ord("S"): lambda m: m._push(m._line(_LONGEST_LINE).strip("'\"")),
    ord("T"): lambda m: m._old_string("<I"),
    ord("U"): lambda m: m._old_string("<B"),
    ord("X"): lambda m: m._text("<I"),
    0x8C: lambda m: m._text("<B"),
    0x8D: lambda m: m._text("<Q"),
    ord("B"): lambda m: m._raw("<I"),
    ord("C"): lambda m: m._raw("<B"),
    0x8E: lambda m: m._raw("<Q"),
    0x96: lambda m: m._raw("<Q"),
    0x80: lambda m: m._number("<B"),
    0x95: lambda m: m._number("<Q"),
    ord("]"): lambda m: m._push([]),
    ord("l"): lambda m: m._push(m._pop_mark()),
    ord("a"): lambda m: m._append([m._stack.pop()]),
    ord("e"): lambda m: m._append(m._pop_mark()),
    ord(")"): lambda m: m._push(()),
    ord("t"): lambda m: m._push(tuple(m._pop_mark())),
    0x85: lambda m: m._tuple(1),
    0x86: lambda m: m._tuple(2),
    0x87: lambda m: m._tuple(3),
    ord("}"): lambda m: m._push({}),
    ord("d"): _M._dictionary,
    ord("s"): _M._set_item,
    ord("u"): lambda m: m._fill(m._pop_mark()),
    0x8F: lambda m: m._push(set()),
    0x90: lambda m: m._add(m._pop_mark()),
    0x91: lambda m: m._push(frozenset(checked_key(item) for item in m._pop_mark())),
    ord("p"): lambda m: m._put(int(m._line(20))),
    ord("q"): lambda m: m._put(m._number("<B")),
    ord("r"): lambda m: m._put(m._number("<I")),
    0x94: lambda m: m._put(len(m._memo)),
    ord("g"): lambda m: m._get(int(m._line(20))),
    ord("h"): lambda m: m._get(m._number("<B")),
    ord("j"): lambda m: m._get(m._number("<I")),
    ord("c"): lambda m: m._name(m._line(_LONGEST_NUMBER), m._line(_LONGEST_NUMBER)),
    0x93: _M._stack_name,
    ord("R"): _M._reduce,
    0x81: _M._reduce,
    0x92: _M._new_with_keywords,
    ord("i"): _M._instance,
    ord("o"): _M._object,
    ord("b"): _M._build,
    ord("P"): lambda m: m._resolve(m._line(4096)),
    ord("Q"): lambda m: m._resolve(m._stack.pop()),
    0x82: _M._extension,
    0x83: _M._extension,
    0x84: _M._extension,
}
