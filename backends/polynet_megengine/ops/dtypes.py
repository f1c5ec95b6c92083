"""MegEngine's dtypes under their neutral names."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet.errors import InputError, OptionError, UnsupportedError, suggest

# The widest types there are stand for those that MegEngine lacks.
STAND_INS = {"int64": "int32", "float64": "float32"}
NAMES = ("float16", "float32", "int8", "int16", "int32", "uint8", "bool")


def native_dtype(dtype: Any) -> Any:
    """MegEngine's dtype of a neutral name or a numpy dtype; `None` passes.

    Raises:
        OptionError: There is no such dtype.
        UnsupportedError: It is bfloat16, in which MegEngine cannot compute.
    """
    if dtype is None:
        return None
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None)
    if name is None:
        try:
            name = np.dtype(dtype).name
        except TypeError:
            name = str(dtype)
    name = STAND_INS.get(name, name)
    if name == "bfloat16":
        message = "Backend 'megengine' does not compute in bfloat16: its kernels for it do not run. Use float16."
        raise UnsupportedError(message)
    if name not in NAMES:
        allowed = (*NAMES, *STAND_INS)
        message = f"There is no dtype {dtype!r}; there are {', '.join(allowed)}.{suggest(name, allowed)}"
        raise OptionError(message)
    return np.dtype(name)


def narrowed(array: np.ndarray[Any, Any], dtype: Any = None) -> np.ndarray[Any, Any]:
    """An array in a dtype that MegEngine has: the one asked for, or the array's own with int64 as int32.

    Raises:
        InputError: An integer does not fit into int32; MegEngine itself would wrap it silently.
        OptionError: MegEngine has no such dtype.
        UnsupportedError: The dtype is bfloat16.
    """
    target = native_dtype(array.dtype if dtype is None else dtype)
    if target == np.int32 and array.dtype.kind in "iu" and array.dtype.itemsize >= 4 and array.size:
        smallest, largest = int(array.min()), int(array.max())
        if smallest < -(2**31) or largest >= 2**31:
            message = f"Integers from {smallest} to {largest} do not fit into int32, the widest type of MegEngine."
            raise InputError(message)
    return np.ascontiguousarray(array, dtype=target).reshape(array.shape)
