"""torch's dtypes under their neutral names."""

from __future__ import annotations

from typing import Any

import torch

from polynet.errors import OptionError, suggest

_WORDS = "float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 bool"
DTYPES = {name: getattr(torch, name) for name in _WORDS.split()}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def native_dtype(dtype: Any) -> Any:
    """Return torch's dtype of a neutral name; `None` and torch's own pass.

    Raises:
        OptionError: There is no such dtype.
    """
    if dtype is None or isinstance(dtype, torch.dtype):
        return dtype
    found = DTYPES.get(dtype) if isinstance(dtype, str) else None
    if found is None:
        raise OptionError(f"There is no dtype {dtype!r}; there are {', '.join(DTYPES)}.{suggest(dtype, DTYPES)}")
    return found
