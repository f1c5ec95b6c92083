"""Every neutral layer on MegEngine: subclasses of its own layers where there are any, with torch's arguments."""

from __future__ import annotations

from . import (
    activation,
    attention,
    batch_normalisation,
    container,
    convolution,
    dropout,
    embedding,
    linear,
    loss,
    normalisation,
    padding,
    pooling,
    recurrent,
    recurrent_cell,
    resize,
    shape,
    transposed_convolution,
)
from .canonical import canonical_shape
from .initialisation import skip_initialisation, skipped

_ROOMS = (
    activation,
    attention,
    batch_normalisation,
    container,
    convolution,
    dropout,
    embedding,
    linear,
    loss,
    normalisation,
    padding,
    pooling,
    recurrent,
    recurrent_cell,
    resize,
    shape,
    transposed_convolution,
)

LAYERS: dict[str, type] = {
    name: value
    for room in _ROOMS
    for name, value in vars(room).items()
    if isinstance(value, type) and value.__module__ == room.__name__ and not name.startswith("_")
}
"""Neutral names to classes: every public class of the files beside this one."""

__all__ = ["LAYERS", "canonical_shape", "skip_initialisation", "skipped"]
