"""Moving a batch, however nested, to a device."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet.backend import Backend, backend_of_class, get_backend
from polynet.data.data_sample import DataElement

_LEAVES = (str, bytes, int, float, complex, np.generic, type(None))
_NUMBERS = "biuf"


def move(data: Any, backend: Backend, device: str | None) -> Any:
    """Move a batch's tensors to a device, and make its arrays tensors there.

    Bytes are moved as bytes. Mappings become dictionaries; lists, tuples and named tuples stay what they are; a data
    sample is copied, and its tensors are moved, while its arrays, which are small and of which a head makes one tensor
    a batch, stay arrays. Another framework's tensors become this one's. Everything else is left as it is.

    Args:
        data: The batch.
        backend: The framework whose tensors to make.
        device: Where to; `None` makes arrays tensors on the default device and leaves tensors where they are.

    Example:
        >>> backend = polynet.backend.get_backend("torch")
        >>> batch = move({"inputs": [np.zeros(2, np.uint8)], "name": "a"}, backend, "cpu")
        >>> batch["inputs"][0].dtype, batch["name"]
        (torch.uint8, 'a')
    """
    return _moved(data, backend, _tensor_types(backend), device)


@functools.cache
def _tensor_types(backend: Backend) -> tuple[type, ...]:
    """A framework's types of tensors, kept, since this is asked for every batch."""
    return backend.tensor_types


def _moved(data: Any, backend: Backend, tensor_types: tuple[type, ...], device: str | None) -> Any:
    if isinstance(data, np.ndarray):
        return backend.tensor(data, device=device) if data.dtype.kind in _NUMBERS else data
    if isinstance(data, tensor_types):
        return data if device is None else backend.ops.to(data, device=device)
    if type(data) in (tuple, list):
        return type(data)([_moved(value, backend, tensor_types, device) for value in data])
    if isinstance(data, _LEAVES):
        return data
    if isinstance(data, Mapping):
        return {name: _moved(value, backend, tensor_types, device) for name, value in data.items()}
    if isinstance(data, DataElement):
        return _moved_sample(data, backend, tensor_types, device)
    if isinstance(data, Sequence):
        each = [_moved(value, backend, tensor_types, device) for value in data]
        return _like(data, each)
    foreign = backend_of_class(type(data))
    if foreign is not None and isinstance(data, get_backend(foreign).tensor_types):
        return backend.tensor(get_backend(foreign).numpy(data), device=device)
    return data


def _moved_sample(
    sample: DataElement, backend: Backend, tensor_types: tuple[type, ...], device: str | None
) -> DataElement:
    copy: DataElement = sample.clone()
    for name, value in sample.items():
        if not isinstance(value, np.ndarray):
            copy.set_field(_moved(value, backend, tensor_types, device), name)
    return copy


def _like(data: Sequence[Any], values: list[Any]) -> Any:
    """The values in a sequence of the same type."""
    if type(data) is list:
        return values
    if hasattr(data, "_fields"):  # a named tuple
        return type(data)(*values)
    try:
        return type(data)(values)  # type: ignore[call-arg]  # as sequences are made
    except TypeError:
        return values
