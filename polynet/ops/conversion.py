"""Changing dtype or device, leaving the framework, and leaving the gradient."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from polynet.ops.dispatch import namespace_like, namespace_of
from polynet.ops.explain import explained
from polynet.types import Tensor


@explained
def to(input: Tensor, dtype: Any = None, device: Any = None) -> Tensor:
    """Return the tensor in another dtype, on another device, or both; itself where nothing changes.

    Args:
        input: Any tensor.
        dtype: A neutral name (`"float16"`, `"int64"` ...) or the framework's own. MegEngine has neither int64 nor
            float64 and takes int32 and float32 for them.
        device: A neutral name (`"cpu"`, `"cuda:1"`) or the framework's own.

    Raises:
        OptionError: There is no such dtype.
        DeviceError: There is no such device.

    Example:
        >>> ops.to(ops.tensor([1.5]), dtype="int32", device="cpu").tolist()
        [1]
    """
    return namespace_of(input).to(input, dtype, device)


@explained
def cast(input: Tensor, dtype: Any) -> Tensor:
    """Return the tensor in another dtype, named neutrally or the framework's own.

    Example:
        >>> ops.cast(ops.tensor([0.0, 2.0]), "bool").tolist()
        [False, True]
    """
    return namespace_of(input).cast(input, dtype)


@explained
def to_numpy(input: Tensor) -> np.ndarray[Any, Any]:
    """Return a copy of the numbers as a writable numpy array, without gradient, from any device.

    bfloat16, which numpy lacks, comes out as float32. Errors that a framework reports late are raised here. An array is
    copied, so that a metric need not ask what it was given.

    Example:
        >>> ops.to_numpy(ops.tensor([1.0, 2.0]))
        array([1., 2.], dtype=float32)
    """
    if isinstance(input, np.ndarray):
        return np.array(input)
    array: np.ndarray[Any, Any] = namespace_of(input).to_numpy(input)
    return array


@explained
def dtype_name(input: Tensor) -> str:
    """Return the neutral name of a tensor's dtype.

    Example:
        >>> ops.dtype_name(ops.zeros(1))
        'float32'
    """
    name: str = namespace_of(input).dtype_name(input)
    return name


@explained
def device_name(input: Tensor) -> str:
    """Return the neutral name of a tensor's device: `"cpu"`, `"cuda:0"`.

    Example:
        >>> ops.device_name(ops.zeros(1))
        'cpu'
    """
    name: str = namespace_of(input).device_name(input)
    return name


@explained
def stop_gradient(input: Tensor) -> Tensor:
    """Return the same numbers, through which no gradient flows.

    Example:
        >>> ops.stop_gradient(ops.tensor([1.0])).tolist()
        [1.0]
    """
    return namespace_of(input).stop_gradient(input)


@explained
def no_grad(like: Tensor | None = None) -> AbstractContextManager[Any]:
    """Return a context in which nothing is recorded for gradients.

    Args:
        like: A tensor of the framework meant; the active backend by default.

    Example:
        >>> x = ops.tensor([1.0])
        >>> with ops.no_grad(x):
        ...     y = x * 2
    """
    context: AbstractContextManager[Any] = namespace_like(like).no_grad()
    return context
