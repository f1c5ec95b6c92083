"""Interpolation with torch's sample positions on MegEngine tensors."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import megengine.functional as F
import numpy as np

from polynet.ops.checks import check_interpolate, check_interpolated_size
from polynet.types import Tensor
from polynet_megengine.ops._tensors import array_like, in_float32, shape_of
from polynet_megengine.ops.shape import repeat_each

Array = np.ndarray[Any, Any]
CUBIC_COEFFICIENT = -0.75


def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """Resize by nearest neighbours, linear or cubic interpolation.

    MegEngine's kernels serve where they sample at torch's positions and have a gradient; elsewhere the resizing is
    a product with a matrix along each axis.
    """
    check_interpolate(size, scale_factor, mode, align_corners)
    shape = shape_of(input)
    sizes, factors = check_interpolated_size(shape, size, scale_factor, mode)
    lengths = shape[2:]
    if 0 in shape:
        return F.zeros((*shape[:2], *sizes), dtype=input.dtype, device=input.device)
    if mode == "nearest":
        return _nearest(input, lengths, sizes, factors)
    if sizes == lengths and all(factor in (None, 1) for factor in factors):
        return input * 1
    aligned = bool(align_corners)
    if mode in ("linear", "bilinear") and not aligned and _sampled_by_lengths(lengths, sizes, factors):
        return in_float32(lambda x: _native_linear(x, sizes), input)
    kind = "cubic" if mode == "bicubic" else "linear"

    def resized(x: Tensor) -> Tensor:
        for place, (length, wanted, factor) in enumerate(zip(lengths, sizes, factors, strict=True)):
            x = _along(x, place + 2, resize_matrix(kind, length, wanted, factor, aligned))
        return x

    return in_float32(resized, input)


def _sampled_by_lengths(lengths: tuple[int, ...], sizes: tuple[int, ...], factors: tuple[float | None, ...]) -> bool:
    """Whether the ratio of lengths, by which MegEngine samples, is torch's scale too."""
    return all(
        factor is None or length * factor == size for length, size, factor in zip(lengths, sizes, factors, strict=True)
    )


def _native_linear(x: Tensor, sizes: tuple[int, ...]) -> Tensor:
    if len(sizes) == 1:
        return F.squeeze(F.vision.interpolate(F.expand_dims(x, 2), (1, sizes[0]), align_corners=False), 2)
    return F.vision.interpolate(x, sizes, align_corners=False)


def _scale(length: int, size: int, factor: float | None) -> Any:
    """Distance between samples, in float32 as torch has it."""
    return np.float32(1.0 / factor) if factor else np.float32(length) / np.float32(size)


def _nearest(x: Tensor, lengths: tuple[int, ...], sizes: tuple[int, ...], factors: tuple[float | None, ...]) -> Tensor:
    for place, (length, wanted, factor) in enumerate(zip(lengths, sizes, factors, strict=True)):
        axis = place + 2
        positions = np.floor(np.arange(wanted, dtype="float32") * _scale(length, wanted, factor))
        positions = np.minimum(positions, length - 1).astype("int32")
        if wanted % length == 0 and (positions == np.arange(wanted) // (wanted // length)).all():
            if wanted > length:
                x = repeat_each(x, wanted // length, axis)
        elif not np.array_equal(positions, np.arange(length)):
            x = x[(slice(None),) * axis + (array_like(positions, x),)]
    return x


@functools.lru_cache(maxsize=64)
def resize_matrix(kind: str, length: int, size: int, factor: float | None, aligned: bool) -> Array:
    """The matrix, `(size, length)`, that interpolates along one axis.

    Args:
        kind: `"linear"` or `"cubic"`.
        length: Samples there are.
        size: Samples wanted.
        factor: The scale factor asked for, `None` for the ratio of lengths.
        aligned: Whether the first and last samples keep their places.

    Returns:
        Weights in float32, each row with the sum 1.
    """
    places = np.arange(size, dtype="float32")
    if aligned:
        source = places * (np.float32(length - 1) / np.float32(size - 1) if size > 1 else np.float32(0))
    else:
        source = _scale(length, size, factor) * (places + np.float32(0.5)) - np.float32(0.5)
        if kind == "linear":
            source = np.maximum(source, np.float32(0))
    whole = np.floor(source)
    if kind == "linear":
        whole = np.minimum(whole, np.float32(length - 1))
    part = np.clip(source - whole, 0, 1)
    matrix = np.zeros((size, length), dtype="float64")
    weights = _cubic_weights(part) if kind == "cubic" else [(0, 1 - part), (1, part)]
    for offset, weight in weights:
        np.add.at(matrix, (np.arange(size), np.clip(whole.astype(int) + offset, 0, length - 1)), weight)
    return matrix.astype("float32")


def _cubic_weights(part: Array) -> list[tuple[int, Array]]:
    """Keys' cubic convolution (1981) at the four neighbours of a sample, with torch's coefficient."""
    a = CUBIC_COEFFICIENT

    def near(x: Array) -> Array:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Array) -> Array:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [(-1, far(part + 1)), (0, near(part)), (1, near(1 - part)), (2, far(2 - part))]


def _along(x: Tensor, axis: int, matrix: Array) -> Tensor:
    """Product with a matrix along one axis."""
    shape = shape_of(x)
    if axis == len(shape) - 1:
        return F.matmul(x, array_like(np.ascontiguousarray(matrix.T), x))
    rows = F.reshape(x, (*shape[: axis + 1], -1))
    return F.reshape(F.matmul(array_like(matrix, x), rows), (*shape[:axis], matrix.shape[0], *shape[axis + 1 :]))
