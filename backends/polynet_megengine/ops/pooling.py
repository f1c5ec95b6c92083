"""Pooling with torch's windows on MegEngine tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import megengine.functional as F
import numpy as np

from polynet.ops.checks import check_ndim, check_numbers, check_output_size, check_pool_padding, check_windows
from polynet.types import Tensor
from polynet_megengine.ops._indices import take_one
from polynet_megengine.ops._pool_gradient import max_windows, pooled
from polynet_megengine.ops._tensors import array_like, in_float32, shape_of

Numbers = int | Sequence[int]
Sizes = tuple[int, ...]
LAYOUTS = {1: "(N, C, L) or (C, L)", 2: "(N, C, H, W) or (C, H, W)", 3: "(N, C, D, H, W) or (C, D, H, W)"}


def _batched(operation: str, input: Tensor, axes: int, function: Callable[[Tensor], Tensor]) -> Tensor:
    """Run on a batch, of one where the input has no batch axis."""
    check_ndim(operation, input.ndim, (axes + 1, axes + 2), LAYOUTS[axes])
    if input.ndim == axes + 2:
        return in_float32(function, input)
    return F.squeeze(in_float32(function, F.expand_dims(input, 0)), 0)


def _windows(
    operation: str,
    input: Tensor,
    axes: int,
    kernel_size: Numbers,
    stride: Numbers | None,
    padding: Numbers,
    dilation: Numbers,
    ceil_mode: bool,
) -> tuple[Sizes, Sizes, Sizes, Sizes, Sizes]:
    """Kernel, stride, padding, dilation, and what the last windows reach over the padded end along each axis."""
    kernel = check_numbers(operation, "kernel_size", kernel_size, axes, least=1)
    no_stride = stride is None or (isinstance(stride, Sequence) and len(stride) == 0)
    step = kernel if no_stride else check_numbers(operation, "stride", stride, axes, least=1)  # type: ignore[arg-type]  # not None
    border = check_numbers(operation, "padding", padding, axes)
    spread = check_numbers(operation, "dilation", dilation, axes, least=1)
    check_pool_padding(operation, kernel, border)
    lengths = shape_of(input)[-axes:]
    counts = check_windows(operation, lengths, kernel, step, border, spread, ceil_mode=ceil_mode)
    excess = tuple(
        max((count - 1) * s + d * (k - 1) + 1 - length - 2 * p, 0)
        for count, s, d, k, length, p in zip(counts, step, spread, kernel, lengths, border, strict=True)
    )
    return kernel, step, border, spread, excess


def _max_pool(
    axes: int, input: Tensor, kernel: Numbers, stride: Any, padding: Numbers, dilation: Numbers, ceil_mode: bool
) -> Tensor:
    operation = f"max_pool{axes}d"

    def run(x: Tensor) -> Tensor:
        sizes, step, border, spread, excess = _windows(operation, x, axes, kernel, stride, padding, dilation, ceil_mode)
        if any(excess) or max(spread) > 1:
            pairs = ((0, 0), (0, 0), *((p, p + over) for p, over in zip(border, excess, strict=True)))
            x = F.nn.pad(x, pairs, constant_value=-math.inf)
            border = (0,) * axes
        if max(spread) > 1:
            return _dilated_max(x, sizes, step, spread)
        return _by_images(x, sizes, step, border, max_windows)

    return _batched(operation, input, axes, run)


def _dilated_max(x: Tensor, kernel: Sizes, step: Sizes, spread: Sizes) -> Tensor:
    """Largest of shifted slices, one axis after the other from the last; the first of equal ones gets the gradient."""
    for place in reversed(range(len(kernel))):
        axis = place + 2
        reach = spread[place] * (kernel[place] - 1) + 1
        count = (shape_of(x)[axis] - reach) // step[place] + 1
        largest = None
        for tap in range(kernel[place]):
            start = tap * spread[place]
            part = x[(slice(None),) * axis + (slice(start, start + (count - 1) * step[place] + 1, step[place]),)]
            largest = part if largest is None else F.maximum(largest, part)
        x = largest
    return x


def _by_images(x: Tensor, kernel: Sizes, step: Sizes, border: Sizes, pool: Any) -> Tensor:
    """Pool in one, two or three dimensions by a two-dimensional kernel; largest and mean are both separable."""
    if len(kernel) == 2:
        return pool(x, kernel, step, border)
    if len(kernel) == 1:
        return F.squeeze(pool(F.expand_dims(x, 2), (1, *kernel), (1, *step), (0, *border)), 2)
    batch, channels, depth, height, width = shape_of(x)
    x = pool(F.reshape(x, (batch, channels * depth, height, width)), kernel[1:], step[1:], border[1:])
    rows, columns = shape_of(x)[2:]
    x = F.reshape(x, (batch, channels, depth, rows * columns))
    x = pool(x, (kernel[0], 1), (step[0], 1), (border[0], 0))
    return F.reshape(x, (batch, channels, -1, rows, columns))


def max_pool1d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Largest value in each window of a sequence."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Largest value in each window of an image."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Largest value in each window of a volume."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode)


def _avg_pool(
    axes: int,
    input: Tensor,
    kernel: Numbers,
    stride: Any,
    padding: Numbers,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Tensor:
    operation = f"avg_pool{axes}d"
    if divisor is not None:
        check_numbers(operation, "divisor_override", divisor, 1, least=1)

    def run(x: Tensor) -> Tensor:
        sizes, step, border, _, excess = _windows(operation, x, axes, kernel, stride, padding, 1, ceil_mode)
        lengths = shape_of(x)[2:]
        if any(excess):
            pairs = ((0, 0), (0, 0), *((p, p + over) for p, over in zip(border, excess, strict=True)))
            x = F.nn.pad(x, pairs)
            means = _by_images(x, sizes, step, (0,) * axes, _mean_with_padding)
            if divisor is None:
                counts = _counts(shape_of(means)[2:], lengths, sizes, step, border, count_include_pad)
                return means * array_like((math.prod(sizes) / counts).astype("float32"), x)
        else:
            included = count_include_pad or divisor is not None or not any(border)
            means = _by_images(x, sizes, step, border, _mean_with_padding if included else _mean_without_padding)
        return means if divisor is None else means * (math.prod(sizes) / divisor)

    return _batched(operation, input, axes, run)


def _mean_with_padding(x: Tensor, kernel: Sizes, step: Sizes, border: Sizes) -> Tensor:
    return pooled(x, kernel, step, border, "average")


def _mean_without_padding(x: Tensor, kernel: Sizes, step: Sizes, border: Sizes) -> Tensor:
    return pooled(x, kernel, step, border, "average_count_exclude_padding")


def _counts(
    counts: Sizes, lengths: Sizes, kernel: Sizes, step: Sizes, border: Sizes, count_include_pad: bool
) -> np.ndarray[Any, Any]:
    """Elements that torch counts in each window: those within the padded input, or within the input alone."""
    total = np.ones((1,) * len(counts))
    for place, count in enumerate(counts):
        starts = np.arange(count) * step[place] - border[place]
        ends = np.minimum(starts + kernel[place], lengths[place] + border[place])
        if not count_include_pad:
            starts, ends = np.maximum(starts, 0), np.minimum(ends, lengths[place])
        total = total * (ends - starts).reshape([-1 if axis == place else 1 for axis in range(len(counts))])
    return total


def avg_pool1d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Mean of each window of a sequence."""
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Mean of each window of an image."""
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Mean of each window of a volume."""
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def _adaptive_bounds(length: int, size: int) -> list[tuple[int, int]]:
    """Where torch's adaptive windows begin and end; they overlap where `size` does not divide `length`."""
    return [(place * length // size, -(-(place + 1) * length // size)) for place in range(size)]


def _adaptive_avg(axes: int, input: Tensor, output_size: Any) -> Tensor:
    operation = f"adaptive_avg_pool{axes}d"

    def run(x: Tensor) -> Tensor:
        lengths = shape_of(x)[2:]
        sizes = check_output_size(operation, output_size, lengths)
        if max(sizes) == 1:
            return F.expand_dims(F.mean(F.flatten(x, 2), axis=2), tuple(range(2, axes + 2)))
        for place in reversed(range(axes)):
            if sizes[place] != lengths[place]:
                x = _mean_along(x, place + 2, sizes[place])
        return x

    return _batched(operation, input, axes, run)


def _mean_along(x: Tensor, axis: int, size: int) -> Tensor:
    """Adaptive means along one axis: by reshaping where the windows are equal, else by a matrix product."""
    shape = shape_of(x)
    length = shape[axis]
    if length % size == 0:
        return F.mean(F.reshape(x, (*shape[:axis], size, length // size, *shape[axis + 1 :])), axis=axis + 1)
    weights = np.zeros((size, length), dtype="float32")
    for row, (start, end) in enumerate(_adaptive_bounds(length, size)):
        weights[row, start:end] = 1.0 / (end - start)
    if axis == len(shape) - 1:
        return F.matmul(x, array_like(np.ascontiguousarray(weights.T), x))
    rows = F.reshape(x, (*shape[: axis + 1], -1))
    return F.reshape(F.matmul(array_like(weights, x), rows), (*shape[:axis], size, *shape[axis + 1 :]))


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Means over as many windows as asked for."""
    return _adaptive_avg(1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Means over as many windows as asked for along each axis; `None` keeps a length."""
    return _adaptive_avg(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """Means over as many windows as asked for along each axis; `None` keeps a length."""
    return _adaptive_avg(3, input, output_size)


def _adaptive_max(axes: int, input: Tensor, output_size: Any) -> Tensor:
    operation = f"adaptive_max_pool{axes}d"

    def run(x: Tensor) -> Tensor:
        lengths = shape_of(x)[2:]
        sizes = check_output_size(operation, output_size, lengths)
        if 0 in lengths:
            check_windows(operation, lengths, (1,) * axes, (1,) * axes, (0,) * axes, (1,) * axes)
        for place in reversed(range(axes)):
            if sizes[place] != lengths[place]:
                x = _max_along(x, place + 2, sizes[place])
        return x

    return _batched(operation, input, axes, run)


def _max_along(x: Tensor, axis: int, size: int) -> Tensor:
    """Adaptive maxima along one axis; the first of equal values gets the gradient."""
    parts = []
    for start, end in _adaptive_bounds(shape_of(x)[axis], size):
        part = x[(slice(None),) * axis + (slice(start, end),)]
        parts.append(part if end - start == 1 else take_one(part, F.argmax(part, axis=axis, keepdims=True), axis))
    return F.concat(parts, axis) if len(parts) > 1 else parts[0]


def adaptive_max_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Largest values in as many windows as asked for."""
    return _adaptive_max(1, input, output_size)


def adaptive_max_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Largest values in as many windows as asked for along each axis; `None` keeps a length."""
    return _adaptive_max(2, input, output_size)


def adaptive_max_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """Largest values in as many windows as asked for along each axis; `None` keeps a length."""
    return _adaptive_max(3, input, output_size)
