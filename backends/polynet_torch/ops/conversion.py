"""Dtype, device, numpy and gradients in torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from polynet_torch.device import resolve
from polynet_torch.ops.dtypes import NAMES, native_dtype

stop_gradient = torch.detach
no_grad = torch.no_grad


def native_device(device: Any) -> Any:
    """Return torch's own spelling of a device; `None` and torch's own pass.

    Raises:
        DeviceError: There is no such device here.
    """
    if device is None or device == "cpu" or isinstance(device, torch.device):
        return device
    return resolve(device)


def to(input: Any, dtype: Any = None, device: Any = None) -> Any:
    """`Tensor.to`, with neutral names."""
    return input.to(device=native_device(device), dtype=native_dtype(dtype))


def cast(input: Any, dtype: Any) -> Any:
    """`Tensor.to` for the dtype alone."""
    return input.to(native_dtype(dtype))


def to_numpy(input: Any) -> np.ndarray[Any, Any]:
    """A copy on the CPU; bfloat16, which numpy lacks, as float32."""
    plain = input.detach().cpu()
    if plain.dtype is torch.bfloat16:
        plain = plain.float()
    return np.array(plain.numpy())


def dtype_name(input: Any) -> str:
    """The neutral name; that of a dtype without one is torch's."""
    return NAMES.get(input.dtype) or str(input.dtype).removeprefix("torch.")


def device_name(input: Any) -> str:
    """`cpu` or `cuda:N`."""
    return str(input.device)
