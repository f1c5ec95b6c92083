"""Every neutral layer, by its name."""

from __future__ import annotations

from polynet_shapes.layers import (
    activation,
    container,
    convolution,
    linear,
    loss,
    normalisation,
    pooling,
    recurrent,
    shape,
)
from polynet_shapes.module import Module

_FILES = (activation, container, convolution, linear, loss, normalisation, pooling, recurrent, shape)

LAYERS: dict[str, type[Module]] = {
    name: value
    for file in _FILES
    for name, value in vars(file).items()
    if isinstance(value, type) and value.__module__ == file.__name__ and not name.startswith("_")
}
"""Layer classes by name."""
