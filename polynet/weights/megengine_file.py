"""MegEngine's `.pkl` files, read and written without MegEngine: a plain pickle of arrays, or of its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.errors import CheckpointError
from polynet.weights.atomic import replacing, write_fully
from polynet.weights.checkpoint import Checkpoint, unwrapped
from polynet.weights.elements import Array, element_of
from polynet.weights.mapped import PathLike
from polynet.weights.pickle_machine import Global, PickleMachine
from polynet.weights.pickle_numpy import PickledArray, numpy_names
from polynet.weights.pickle_writer import megengine_state_pickle


class _PickledTensor:
    """A MegEngine tensor: an array with a type and a device beside it."""

    def __init__(self, data: object, dtype: object = None, *_: object) -> None:
        self.data = data

    def build(self, state: object) -> None:
        """Take the state of a tensor: nothing for plain numbers, parameters of the scale for quantised ones."""
        if not isinstance(state, dict) or any(value is not None for value in state.values()):
            message = "The checkpoint holds quantised tensors, which PolyNet does not read."
            raise CheckpointError(message)


def read_megengine(data: memoryview) -> Checkpoint:
    """Read a state dictionary that `megengine.save` wrote, of arrays or (`keep_var=True`) of tensors.

    Args:
        data: The file's bytes.

    Raises:
        UnsafeCheckpointError: The pickle names anything else: a whole saved module does.
        CheckpointError: It is damaged.
    """
    names = numpy_names(len(data))
    for name in ("megengine.tensor.Tensor", "megengine.tensor.Parameter", "megengine.core._imperative_rt.core2.Tensor"):
        names[name] = Global(name, _PickledTensor)
    for name in ("float32", "float16", "int32", "int16", "int8", "uint8", "bool_"):
        names[f"numpy.{name}"] = Global(f"numpy.{name}")
    root, _ = PickleMachine(data, 0, names).run()
    return unwrapped(_plain(root, 3), "megengine")


def _plain(value: Any, depth: int) -> Any:
    """Replace tensors by arrays, as deep as state dictionaries lie."""
    if isinstance(value, _PickledTensor):
        value = value.data
    if isinstance(value, PickledArray):
        if value.array is None:
            message = "The checkpoint is damaged: an array without numbers."
            raise CheckpointError(message)
        return _native(value.array)
    if isinstance(value, dict) and depth:
        return {key: _plain(item, depth - 1) for key, item in value.items()}
    return value


def _native(array: Array) -> Array:
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def write_megengine_file(path: PathLike, tensors: Mapping[str, Array]) -> None:
    """Write a `.pkl` that `megengine.load` reads as a dictionary of arrays, without MegEngine.

    Args:
        path: The file; replaced in one step.
        tensors: Arrays by name.

    Raises:
        CheckpointError: The file cannot be written, or an array's type is no plain number.

    Example:
        >>> import tempfile, numpy as np
        >>> path = tempfile.mkdtemp() + "/weights.pkl"
        >>> write_megengine_file(path, {"weight": np.ones(2, np.float32)})
        >>> from polynet.weights.files import read_checkpoint
        >>> read_checkpoint(path).tensors["weight"]
        array([1., 1.], dtype=float32)
    """
    for array in tensors.values():
        element_of(array)
    with replacing(path) as file:
        for part in megengine_state_pickle(tensors):
            write_fully(file, memoryview(part))
