"""Resampling to another size."""

from __future__ import annotations

import math
from collections.abc import Sequence

from polynet.errors import InputError, OptionError
from polynet_shapes.rules import as_ints, per_axis
from polynet_shapes.tensor import ShapeTensor

__all__ = ["interpolate"]

_SPATIAL_AXES = {"nearest": (1, 2, 3), "linear": (1,), "bilinear": (2,), "bicubic": (2,), "trilinear": (3,)}


def interpolate(
    input: ShapeTensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> ShapeTensor:
    """The spatial lengths asked for, or the input's times the factors, rounded down."""
    spatial = input.ndim - 2
    if spatial not in _SPATIAL_AXES.get(mode, ()):
        message = f"interpolate with mode {mode!r} does not go with an input of {list(input.shape)}."
        raise InputError(message)
    if (size is None) == (scale_factor is None):
        message = "interpolate needs either size or scale_factor."
        raise OptionError(message)
    if scale_factor is None:
        lengths = per_axis(size, spatial, "interpolate", "size")
    else:
        factors = list(scale_factor) if isinstance(scale_factor, Sequence) else [scale_factor] * spatial
        if len(factors) != spatial:
            message = f"interpolate: scale_factor must be one number or {spatial}, not {factors}."
            raise OptionError(message)
        lengths = tuple(
            math.floor(length * float(factor)) for length, factor in zip(input.shape[2:], factors, strict=True)
        )
    if any(length < 1 for length in as_ints(lengths, "interpolate", "size")):
        message = f"interpolate from {list(input.shape[2:])} to {list(lengths)}: every length must be at least 1."
        raise InputError(message)
    return input.like((*input.shape[:2], *lengths))
