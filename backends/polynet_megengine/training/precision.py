"""Computing in lower precision where MegEngine chooses to: `megengine.amp.autocast`."""

from __future__ import annotations

import contextlib

import megengine.amp

from polynet.errors import UnsupportedError


def why_not(device: str, dtype: str) -> str | None:
    """Why there is no autocast to this type on this device; `None` where there is."""
    if dtype == "bfloat16":
        return "MegEngine's kernels take no bfloat16; float16 is what it computes with on a GPU."
    if dtype != "float16":
        return f"MegEngine computes in lower precision as float16, not as {dtype!r}."
    if not device.startswith(("cuda", "gpu")):
        return "on the CPU MegEngine's float16 max pooling returns garbage, and nothing becomes faster."
    return None


def autocast(device: str, dtype: str) -> contextlib.AbstractContextManager[None]:
    """A context in which MegEngine computes in `dtype` where that is safe.

    Raises:
        UnsupportedError: There is none; the message says why.
    """
    reason = why_not(device, dtype)
    if reason is not None:
        message = f"Backend 'megengine' cannot compute as {dtype!r} on {device!r}: {reason}"
        raise UnsupportedError(message)
    return megengine.amp.autocast(low_prec_dtype=dtype)  # type: ignore[no-any-return]  # MegEngine is untyped
