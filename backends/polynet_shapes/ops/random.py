"""Random tensors, of which only the shape is drawn."""

from __future__ import annotations

from typing import Any

from polynet_shapes import dtypes
from polynet_shapes.ops.creation import zeros
from polynet_shapes.tensor import ShapeTensor

__all__ = ["bernoulli", "rand", "randint", "randn"]


def rand(size: Any, *, dtype: Any = None, device: Any = None, like: ShapeTensor | None = None) -> ShapeTensor:
    """The shape given, float32 by default."""
    return zeros(size, dtype=dtype)


def randn(size: Any, *, dtype: Any = None, device: Any = None, like: ShapeTensor | None = None) -> ShapeTensor:
    """The shape given, float32 by default."""
    return zeros(size, dtype=dtype)


def randint(
    low: int, high: int, size: Any, *, dtype: Any = None, device: Any = None, like: ShapeTensor | None = None
) -> ShapeTensor:
    """The shape given, of the index type by default."""
    return zeros(size, dtype=dtypes.INDEX if dtype is None else dtype)


def bernoulli(input: ShapeTensor) -> ShapeTensor:
    """The same shape and dtype, which is floating point."""
    dtypes.check_floating("bernoulli", input.dtype)
    return input.like(input.shape)
