"""Checks of what layers are called with: what MegEngine would fail at later, out of sight of the call."""

from __future__ import annotations

from polynet.errors import InputError
from polynet.types import Tensor
from polynet_megengine.module import Module


def check_floating(layer: Module, x: Tensor) -> None:
    """Refuse whole numbers and booleans where MegEngine reports them only when the result is read.

    Raises:
        InputError: The tensor holds no floating-point numbers.
    """
    if x.dtype.kind in "iub":
        message = (
            f"{type(layer).__name__} takes floating-point inputs, not {x.dtype} of shape {tuple(x.shape)}. "
            "Convert them first: polynet.ops.cast(x, 'float32')."
        )
        raise InputError(message)
