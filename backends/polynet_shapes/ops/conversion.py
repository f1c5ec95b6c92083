"""Dtypes, and what there is not here: devices, numbers and gradients."""

from __future__ import annotations

import contextlib
from typing import Any, NoReturn

from polynet_shapes.dtypes import dtype_named
from polynet_shapes.tensor import ShapeTensor

__all__ = ["cast", "device_name", "dtype_name", "no_grad", "stop_gradient", "to", "to_numpy"]


def to(input: ShapeTensor, dtype: Any = None, device: Any = None) -> ShapeTensor:
    """The tensor in another dtype; itself where that is unchanged."""
    return input if dtype is None else cast(input, dtype)


def cast(input: ShapeTensor, dtype: Any) -> ShapeTensor:
    """The tensor in another dtype."""
    name = dtype_named(dtype)
    return input if name == input.dtype else ShapeTensor(input.shape, name)


def to_numpy(input: ShapeTensor) -> NoReturn:
    """Refuse: there are no numbers.

    Raises:
        UnsupportedError: Always.
    """
    input.numpy()


def dtype_name(input: ShapeTensor) -> str:
    """Neutral name of the dtype."""
    return input.dtype


def device_name(input: ShapeTensor) -> str:
    """`"meta"`: no device holds it."""
    return input.device


def stop_gradient(input: ShapeTensor) -> ShapeTensor:
    """The same shape."""
    return input.like(input.shape)


def no_grad() -> contextlib.AbstractContextManager[None]:
    """A context that changes nothing."""
    return contextlib.nullcontext()
