"""torch's tensors inside pickles: storages, and views of them, rebuilt as arrays without torch.

torch pickles a tensor as a call of `torch._utils._rebuild_tensor_v2` on a storage (named by a persistent identifier,
its bytes elsewhere in the file), an offset, a shape and strides. The view is checked against the storage first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from polynet.errors import CheckpointError
from polynet.weights.elements import ELEMENTS, Array, ElementType, usable
from polynet.weights.pickle_machine import Global
from polynet.weights.pickle_numpy import PickledArray, checked_shape, numpy_names

STORAGES = {
    "torch.DoubleStorage": "float64",
    "torch.FloatStorage": "float32",
    "torch.HalfStorage": "float16",
    "torch.BFloat16Storage": "bfloat16",
    "torch.LongStorage": "int64",
    "torch.IntStorage": "int32",
    "torch.ShortStorage": "int16",
    "torch.CharStorage": "int8",
    "torch.ByteStorage": "uint8",
    "torch.BoolStorage": "bool",
    "torch.storage.UntypedStorage": "uint8",
}
"""torch's storage classes and the type of their elements."""

_DTYPES = {f"torch.{name}": element for name, element in ELEMENTS.items()}
_PASSED_ON = (
    "torch.Tensor",
    "torch.nn.parameter.Parameter",
    "torch.nn.parameter.Buffer",
    "torch._tensor.Tensor",
    "torch.strided",
    "torch.contiguous_format",
    "torch.preserve_format",
)
_SLACK = 64 << 20


class TorchStorage:
    """A block of numbers that tensors view; its bytes may be found only after the pickle is read."""

    def __init__(self, key: str, element: ElementType, count: int) -> None:
        self.key = key
        self.element = element
        self.count = count
        self.data: memoryview | None = None

    @property
    def size(self) -> int:
        """Bytes of the block."""
        return self.count * self.element.size


class TorchTensor:
    """A view of a storage, checked but not yet made."""

    def __init__(
        self, storage: object, offset: object, shape: object, strides: object, element: ElementType | None
    ) -> None:
        if not isinstance(storage, TorchStorage):
            message = "The checkpoint is damaged: a tensor without a storage."
            raise CheckpointError(message)
        self.storage = storage
        self.element = element or storage.element
        self.shape = checked_shape(shape)
        self.strides = checked_shape(strides)
        (self.offset,) = checked_shape((offset,))
        if len(self.shape) != len(self.strides):
            message = f"The checkpoint is damaged: shape {self.shape} with strides {self.strides}."
            raise CheckpointError(message)
        reach = sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))
        needed = self.offset + reach + 1 if 0 not in self.shape else 0
        if needed * self.element.size > storage.size:
            message = (
                f"The checkpoint is damaged: a tensor of shape {self.shape} needs {needed} numbers of storage "
                f"{storage.key!r}, which has {storage.size // self.element.size}."
            )
            raise CheckpointError(message)

    def build(self, state: object) -> None:
        """Take the attributes of a tensor; they are no part of its numbers."""

    @property
    def size(self) -> int:
        """Bytes of the numbers it shows; more than its storage's where it repeats them."""
        return math.prod(self.shape) * self.element.size

    def array(self) -> Array:
        """The numbers, as a view of the file where its layout allows."""
        if 0 in self.shape:
            return usable(np.zeros(self.shape, self.element.stored), self.element)
        if self.storage.data is None:
            message = f"The checkpoint is damaged: storage {self.storage.key!r} is missing."
            raise CheckpointError(message)
        flat = np.frombuffer(
            self.storage.data,
            self.element.stored,
            offset=self.offset * self.element.size,
            count=(len(self.storage.data) // self.element.size) - self.offset,
        )
        steps = tuple(stride * self.element.size for stride in self.strides)
        return usable(as_strided(flat, self.shape, steps, writeable=False), self.element)


def torch_names(size: int) -> dict[str, Global]:
    """The names by which torch pickles a state dictionary.

    Args:
        size: Bytes of the file.

    Example:
        >>> "torch._utils._rebuild_tensor_v2" in torch_names(100)
        True
    """
    names = numpy_names(size)
    table = [
        Global("torch._utils._rebuild_tensor", _rebuild),
        Global("torch._utils._rebuild_tensor_v2", _rebuild_v2),
        Global("torch._utils._rebuild_tensor_v3", _rebuild_v3),
        Global("torch._utils._rebuild_parameter", _rebuild_parameter),
        Global("torch._utils._rebuild_parameter_with_state", _rebuild_parameter),
        Global("torch._tensor._rebuild_from_type_v2", _rebuild_from_type),
        Global("torch.Size", lambda sizes=(): checked_shape(sizes)),
        Global("torch.device", lambda *names: ":".join(map(str, names))),
        Global("torch.serialization._get_layout", lambda name: str(name)),
        *(Global(name) for name in (*STORAGES, *_DTYPES, *_PASSED_ON)),
    ]
    names.update({entry.name: entry for entry in table})
    return names


def storage_of(identifier: object, known: dict[str, TorchStorage]) -> TorchStorage:
    """The storage that a persistent identifier `("storage", class, key, location, count, …)` names.

    Args:
        identifier: What the pickle holds.
        known: Storages met before, by key; a new one is added.

    Raises:
        CheckpointError: The identifier is malformed, or contradicts one met before.
    """
    if not isinstance(identifier, tuple) or not 5 <= len(identifier) <= 6 or identifier[0] != "storage":
        message = "The checkpoint is damaged: a reference to something that is no storage."
        raise CheckpointError(message)
    kind, key, count = identifier[1], identifier[2], checked_shape((identifier[4],))[0]
    if not isinstance(kind, Global) or kind.name not in STORAGES or not isinstance(key, str):
        message = "The checkpoint is damaged: a storage of unknown type."
        raise CheckpointError(message)
    element = ELEMENTS[STORAGES[kind.name]]
    found = known.setdefault(key, TorchStorage(key, element, count))
    if found.size != count * element.size:
        message = f"The checkpoint is damaged: storage {key!r} has two sizes."
        raise CheckpointError(message)
    return found if found.element is element else _same_bytes(found, element, count)


def _same_bytes(found: TorchStorage, element: ElementType, count: int) -> TorchStorage:
    """One block of bytes seen as two types of numbers shares its data, once there is some."""
    if found.data is None:
        message = f"The checkpoint is damaged: storage {found.key!r} has two types."
        raise CheckpointError(message)
    seen = TorchStorage(found.key, element, count)
    seen.data = found.data
    return seen


def resolved(root: object, size: int) -> object:
    """Replace the tensors of a read object by arrays, two dictionaries deep: as deep as state dictionaries lie.

    Args:
        root: What the machine gave.
        size: Bytes of the file. All tensors together may show four times as much, and a little.

    Raises:
        CheckpointError: A tensor's storage is missing, or the tensors unfold to far more than the file holds.
    """
    budget = [4 * size + _SLACK]

    def visit(value: Any, depth: int) -> Any:
        if isinstance(value, TorchTensor):
            budget[0] -= value.size
            if budget[0] < 0:
                message = "The checkpoint's tensors unfold to far more bytes than the file has; it was refused."
                raise CheckpointError(message)
            return value.array()
        if isinstance(value, PickledArray):
            return value.array
        if isinstance(value, dict) and depth:
            return {key: visit(item, depth - 1) for key, item in value.items()}
        return value

    return visit(root, 3)


def _rebuild(storage: object, offset: object, shape: object, strides: object) -> TorchTensor:
    return TorchTensor(storage, offset, shape, strides, None)


def _rebuild_v2(
    storage: object,
    offset: object,
    shape: object,
    strides: object,
    _grad: object = False,
    _hooks: object = None,
    metadata: object = None,
) -> TorchTensor:
    _check_metadata(metadata)
    return TorchTensor(storage, offset, shape, strides, None)


def _rebuild_v3(
    storage: object,
    offset: object,
    shape: object,
    strides: object,
    _grad: object,
    _hooks: object,
    dtype: object,
    metadata: object = None,
) -> TorchTensor:
    _check_metadata(metadata)
    element = _DTYPES.get(dtype.name) if isinstance(dtype, Global) else None
    if element is None:
        message = "The checkpoint holds a tensor of an element type that PolyNet does not read."
        raise CheckpointError(message)
    return TorchTensor(storage, offset, shape, strides, element)


def _check_metadata(metadata: object) -> None:
    """Refuse the conjugate and negative bits: with them the bytes are not the numbers."""
    if metadata:
        message = "The checkpoint holds a conjugated or negated view, which PolyNet does not read; save a clone of it."
        raise CheckpointError(message)


def _rebuild_parameter(data: object, *_: object) -> object:
    if not isinstance(data, TorchTensor):
        message = "The checkpoint is damaged: a parameter without a tensor."
        raise CheckpointError(message)
    return data


def _rebuild_from_type(function: object, _type: object, arguments: object, _state: object = None) -> object:
    if not isinstance(function, Global) or function.call is None or not isinstance(arguments, tuple):
        message = "The checkpoint is damaged: a tensor that is rebuilt by nothing."
        raise CheckpointError(message)
    if not function.name.startswith("torch._utils._rebuild_"):
        message = f"The checkpoint is damaged: a tensor that is rebuilt by {function.name!r}."
        raise CheckpointError(message)
    return function.call(*arguments)
