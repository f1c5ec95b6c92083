"""Dtype, device, numpy and gradients of MegEngine tensors."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from megengine.core.autodiff.grad import Grad

from polynet.types import Tensor
from polynet_megengine.device import neutral, resolve
from polynet_megengine.ops._tensors import as_scalar
from polynet_megengine.ops.dtypes import native_dtype

_suppressed: list[Any] = []


def native_device(device: Any) -> Any:
    """MegEngine's own spelling of a device; `None` and MegEngine's own pass.

    Raises:
        DeviceError: There is no such device here.
    """
    return resolve(device) if isinstance(device, str) else device


def to(input: Tensor, dtype: Any = None, device: Any = None) -> Tensor:
    """The tensor in another dtype, on another device, or both; itself where nothing changes."""
    if dtype is not None:
        input = cast(input, dtype)
    if device is not None:
        place = native_device(device)
        if str(input.device).split(":")[0] != str(place).split(":")[0] or ":" in str(place):
            input = input.to(place)
    return input


def cast(input: Tensor, dtype: Any) -> Tensor:
    """The tensor in another dtype."""
    target = native_dtype(dtype)
    if input.dtype == target:
        return input
    if target == np.bool_:
        return as_scalar(input != 0, input)
    return input.astype(target)


def to_numpy(input: Tensor) -> np.ndarray[Any, Any]:
    """A writable copy, after everything pending has run."""
    return np.array(input.numpy())


def dtype_name(input: Tensor) -> str:
    """The neutral name of a tensor's dtype."""
    return _name_of(input.dtype)


@functools.cache
def _name_of(dtype: Any) -> str:
    """A dtype's name, which numpy would put together anew each time."""
    return sys.intern(str(np.dtype(dtype).name))


def device_name(input: Tensor) -> str:
    """`cpu` or `cuda:N`."""
    name: str = neutral(input.device)
    return name


def stop_gradient(input: Tensor) -> Tensor:
    """The same numbers, through which no gradient flows."""
    return input.detach()


@contextmanager
def no_grad() -> Iterator[None]:
    """A context in which no `GradManager` records."""
    recording = [grad for group in Grad.stack for reference in group if (grad := reference()) is not None]
    recording = [grad for grad in recording if not any(grad is each for each in _suppressed)]
    for grad in recording:
        grad.suppress()
    _suppressed.extend(recording)
    try:
        yield
    finally:
        del _suppressed[len(_suppressed) - len(recording) :]
        for grad in recording:
            grad.resume()
