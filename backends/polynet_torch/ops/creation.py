"""New torch tensors, by neutral names of dtypes and devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from polynet_torch.ops.conversion import native_device
from polynet_torch.ops.dtypes import native_dtype


def _place(device: Any, like: Any) -> Any:
    return like.device if device is None and like is not None else native_device(device)


def _shape(size: int | Sequence[int]) -> Any:
    return (size,) if isinstance(size, int) else size


def tensor(data: Any, *, dtype: Any = None, device: Any = None, like: Any = None) -> Any:
    """`torch.tensor`, which copies; a tensor given loses its gradient."""
    dtype, device = native_dtype(dtype), _place(device, like)
    if isinstance(data, torch.Tensor):
        return data.detach().to(device=device, dtype=dtype, copy=True)
    if isinstance(data, np.ndarray):
        if device not in (None, "cpu") and data.flags.carray and data.dtype.isnative:
            return torch.from_numpy(data).to(device=device, dtype=dtype)  # a copy already
        # torch.tensor reads element by element what is not contiguous, and refuses negative strides and bytes in the
        # order of another machine.
        made = torch.from_numpy(np.array(data, dtype=data.dtype.newbyteorder("=")))
        return made if dtype is None and device in (None, "cpu") else made.to(device=device, dtype=dtype)
    return torch.tensor(data, dtype=dtype, device=device)


def zeros(size: int | Sequence[int], *, dtype: Any = None, device: Any = None, like: Any = None) -> Any:
    """`torch.zeros`."""
    return torch.zeros(size, dtype=native_dtype(dtype), device=_place(device, like))


def ones(size: int | Sequence[int], *, dtype: Any = None, device: Any = None, like: Any = None) -> Any:
    """`torch.ones`."""
    return torch.ones(size, dtype=native_dtype(dtype), device=_place(device, like))


def full(
    size: int | Sequence[int], fill_value: float, *, dtype: Any = None, device: Any = None, like: Any = None
) -> Any:
    """`torch.full`, which takes no single number for a shape."""
    return torch.full(_shape(size), fill_value, dtype=native_dtype(dtype), device=_place(device, like))


def zeros_like(input: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """`torch.zeros_like`."""
    return torch.zeros_like(input, dtype=native_dtype(dtype), device=native_device(device))


def ones_like(input: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """`torch.ones_like`."""
    return torch.ones_like(input, dtype=native_dtype(dtype), device=native_device(device))


def full_like(input: Any, fill_value: float, *, dtype: Any = None, device: Any = None) -> Any:
    """`torch.full_like`."""
    return torch.full_like(input, fill_value, dtype=native_dtype(dtype), device=native_device(device))


def arange(
    start: float, end: float, step: float = 1, *, dtype: Any = None, device: Any = None, like: Any = None
) -> Any:
    """`torch.arange`."""
    return torch.arange(start, end, step, dtype=native_dtype(dtype), device=_place(device, like))


def linspace(start: float, end: float, steps: int, *, dtype: Any = None, device: Any = None, like: Any = None) -> Any:
    """`torch.linspace`."""
    return torch.linspace(start, end, steps, dtype=native_dtype(dtype), device=_place(device, like))


def eye(n: int, m: int, *, dtype: Any = None, device: Any = None, like: Any = None) -> Any:
    """`torch.eye`."""
    return torch.eye(n, m, dtype=native_dtype(dtype), device=_place(device, like))


def rand(size: int | Sequence[int], *, dtype: Any = None, device: Any = None, like: Any = None) -> Any:
    """`torch.rand`."""
    return torch.rand(size, dtype=native_dtype(dtype), device=_place(device, like))


def randn(size: int | Sequence[int], *, dtype: Any = None, device: Any = None, like: Any = None) -> Any:
    """`torch.randn`."""
    return torch.randn(size, dtype=native_dtype(dtype), device=_place(device, like))


def randint(
    low: int, high: int, size: int | Sequence[int], *, dtype: Any = None, device: Any = None, like: Any = None
) -> Any:
    """`torch.randint`, which takes no single number for a shape."""
    return torch.randint(low, high, _shape(size), dtype=native_dtype(dtype), device=_place(device, like))


bernoulli = torch.bernoulli
