"""Padding, and the sliding windows that `unfold` cuts and `fold` adds up."""

from __future__ import annotations

from collections.abc import Sequence

import megengine.functional as F

from polynet.errors import InputError
from polynet.ops.checks import check_ndim, check_numbers, check_option, check_pad, check_windows
from polynet.types import Tensor
from polynet_megengine.ops._tensors import materialise, shape_of

Pairs = tuple[tuple[int, int], ...]


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Add a border; negative numbers crop."""
    check_option("pad", "mode", mode, ("constant", "reflect", "replicate", "circular"))
    pairs = check_pad(shape_of(input), pad, mode)
    if any(each < 0 for pair in pairs for each in pair):
        input = _crop(input, pairs)
        pairs = tuple((max(before, 0), max(after, 0)) for before, after in pairs)
        if not any(each for pair in pairs for each in pair):
            return materialise(input)
    elif not any(each for pair in pairs for each in pair):
        return input
    if mode == "circular":
        return _circular(input, pairs)
    if mode != "constant" and len(pairs) > 2:
        return _edge(input, pairs, mode)
    if input.dtype.kind == "b":
        return F.nn.pad(input.astype("int32"), pairs, constant_value=float(bool(value))) != 0
    return F.nn.pad(input, pairs, mode, 0.0 if value is None else float(value))


def _crop(input: Tensor, pairs: Pairs) -> Tensor:
    lengths = shape_of(input)
    return input[
        tuple(
            slice(max(-before, 0), length - max(-after, 0))
            for length, (before, after) in zip(lengths, pairs, strict=True)
        )
    ]


def _edge(input: Tensor, pairs: Pairs, mode: str) -> Tensor:
    """Pad one axis at a time by the padding of the last axis of three, which has a gradient in every mode and rank."""
    shape = list(shape_of(input))
    for axis, pair in enumerate(pairs):
        if pair == (0, 0):
            continue
        order = (*range(axis), *range(axis + 1, len(shape)), axis)
        rows = F.transpose(input, order)
        moved = shape_of(rows)
        rows = F.nn.pad(F.reshape(rows, (1, -1, shape[axis])), ((0, 0), (0, 0), pair), mode)
        shape[axis] += sum(pair)
        rows = F.reshape(rows, (*moved[:-1], shape[axis]))
        back = (*range(axis), len(shape) - 1, *range(axis, len(shape) - 1))
        input = F.transpose(rows, back)
    return input


def _circular(input: Tensor, pairs: Pairs) -> Tensor:
    for axis, (before, after) in enumerate(pairs):
        length = shape_of(input)[axis]
        parts = [input]
        if before:
            parts.insert(0, _part(input, axis, length - before, length))
        if after:
            parts.append(_part(input, axis, 0, after))
        if len(parts) > 1:
            input = F.concat(parts, axis)
    return input


def _part(x: Tensor, axis: int, start: int, end: int) -> Tensor:
    return x[(slice(None),) * axis + (slice(start, end),)]


def unfold(
    input: Tensor,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """Cut sliding windows out of images, as columns of shape `(N, C·kh·kw, windows)`."""
    check_ndim("unfold", input.ndim, (3, 4), "(N, C, H, W) or (C, H, W)")
    if input.ndim == 3:
        return F.squeeze(unfold(F.expand_dims(input, 0), kernel_size, dilation, padding, stride), 0)
    batch, channels, *lengths = shape_of(input)
    kernel, spread, border, step = _window("unfold", kernel_size, dilation, padding, stride)
    height, width = check_windows("unfold", lengths, kernel, step, border, spread)
    windows = F.nn.sliding_window(input, kernel, border, step, spread)
    windows = F.transpose(windows, (0, 1, 4, 5, 2, 3))
    return F.reshape(windows, (batch, channels * kernel[0] * kernel[1], height * width))


def fold(
    input: Tensor,
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """Add the columns of `unfold` back up into images."""
    check_ndim("fold", input.ndim, (2, 3), "(N, C·kh·kw, windows) or (C·kh·kw, windows)")
    if input.ndim == 2:
        return F.squeeze(fold(F.expand_dims(input, 0), output_size, kernel_size, dilation, padding, stride), 0)
    kernel, spread, border, step = _window("fold", kernel_size, dilation, padding, stride)
    size = check_numbers("fold", "output_size", output_size, 2, least=1)
    height, width = check_windows("fold", size, kernel, step, border, spread)
    batch, columns, windows = shape_of(input)
    if columns % (kernel[0] * kernel[1]) or windows != height * width:
        message = (
            f"fold: an input of shape {shape_of(input)} does not fit: with kernel_size={kernel} and output_size={size} "
            f"it needs a multiple of {kernel[0] * kernel[1]} rows and {height * width} columns."
        )
        raise InputError(message)
    patches = F.reshape(input, (batch, columns // (kernel[0] * kernel[1]), *kernel, height, width))
    patches = F.transpose(patches, (0, 1, 4, 5, 2, 3))
    return F.nn.sliding_window_transpose(patches, size, kernel, border, step, spread)


def _window(
    operation: str,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int],
    padding: int | Sequence[int],
    stride: int | Sequence[int],
) -> tuple[tuple[int, ...], ...]:
    return (
        check_numbers(operation, "kernel_size", kernel_size, 2, least=1),
        check_numbers(operation, "dilation", dilation, 2, least=1),
        check_numbers(operation, "padding", padding, 2),
        check_numbers(operation, "stride", stride, 2, least=1),
    )
