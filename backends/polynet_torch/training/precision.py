"""Computing in lower precision where torch chooses to: `torch.autocast`."""

from __future__ import annotations

import contextlib
from typing import Any

import torch

from polynet.errors import UnsupportedError

_TYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def why_not(device: str, dtype: str) -> str | None:
    """Why there is no autocast to this type on this device; `None` where there is."""
    kind = device.partition(":")[0]
    if dtype not in _TYPES:
        return f"torch computes in lower precision as {' or '.join(_TYPES)}, not as {dtype!r}."
    if not torch.amp.is_autocast_available(kind):
        return f"torch has no autocast on the device {device!r}."
    if kind == "cuda" and not torch.cuda.is_available():
        return "no CUDA device is present here."
    if kind == "cuda" and dtype == "bfloat16" and not torch.cuda.is_bf16_supported():
        return f"the device {device!r} has no bfloat16."
    return None


def autocast(device: str, dtype: str) -> contextlib.AbstractContextManager[Any]:
    """A context in which torch computes in `dtype` where that is safe.

    Raises:
        UnsupportedError: There is none; the message says why.
    """
    reason = why_not(device, dtype)
    if reason is not None:
        message = f"Backend 'torch' cannot compute as {dtype!r} on {device!r}: {reason}"
        raise UnsupportedError(message)
    context: contextlib.AbstractContextManager[Any] = torch.autocast(device.partition(":")[0], dtype=_TYPES[dtype])
    return context
