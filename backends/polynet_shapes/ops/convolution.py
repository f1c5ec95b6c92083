"""Convolutions: one rule for any number of spatial axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polynet.errors import InputError, OptionError
from polynet_shapes import counting, dtypes
from polynet_shapes.rules import Shape, as_int, check_positive, per_axis, product, split_spatial, windows
from polynet_shapes.tensor import ShapeTensor

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose2d"]


def _check_tensors(
    name: str,
    input: ShapeTensor,
    weight: ShapeTensor,
    bias: ShapeTensor | None,
    outputs: int,
    fits: bool,
    expected: str,
) -> None:
    """Refuse weights and biases that do not go with the input or with each other."""
    if not fits:
        message = f"{name}: a weight of {list(weight.shape)} does not fit an input of {list(input.shape)}: {expected}."
        raise InputError(message)
    if bias is not None and bias.shape != (outputs,):
        message = f"{name}: bias must be ({outputs},), and is {list(bias.shape)}."
        raise InputError(message)
    dtypes.check_same(name, input.dtype, weight.dtype, *(() if bias is None else (bias.dtype,)))


def _convolution(spatial: int) -> Callable[..., ShapeTensor]:
    """The convolution over so many spatial axes."""
    name = f"conv{spatial}d"

    def operation(
        input: ShapeTensor,
        weight: ShapeTensor,
        bias: ShapeTensor | None = None,
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
    ) -> ShapeTensor:
        batch, channels, lengths = split_spatial(input.shape, spatial, name)
        blocks = as_int(groups, name, "groups")
        check_positive(name, groups=(blocks,))
        fits = weight.ndim == spatial + 2 and channels == weight.shape[1] * blocks
        fits = fits and weight.shape[0] % blocks == 0
        expected = f"with groups={groups} it must be (out_channels, {channels} / {groups}, *kernel)"
        _check_tensors(name, input, weight, bias, weight.shape[0] if weight.shape else 0, fits, expected)
        kernel, steps = weight.shape[2:], per_axis(stride, spatial, name, "stride")
        spread = per_axis(dilation, spatial, name, "dilation")
        counts = _output_lengths(name, lengths, kernel, steps, padding, spread)
        shape = (*batch, weight.shape[0], *counts)
        counting.add(product(shape) * product(weight.shape[1:]), product(shape))
        return input.like(shape)

    operation.__name__ = operation.__qualname__ = name
    return operation


def _output_lengths(name: str, lengths: Shape, kernel: Shape, stride: Shape, padding: Any, dilation: Shape) -> Shape:
    if padding == "same":
        check_positive(name, stride=stride, dilation=dilation)
        if any(step != 1 for step in stride):
            message = f"{name}: padding 'same' goes with stride 1 only, not {list(stride)}."
            raise OptionError(message)
        return lengths
    if isinstance(padding, str) and padding != "valid":
        message = f"{name}: padding must be numbers, 'same' or 'valid', not {padding!r}."
        raise OptionError(message)
    amounts = per_axis(0 if padding == "valid" else padding, len(lengths), name, "padding")
    return windows(name, lengths, kernel, stride, amounts, dilation)


conv1d = _convolution(1)
conv2d = _convolution(2)
conv3d = _convolution(3)


def _transposed(spatial: int) -> Callable[..., ShapeTensor]:
    """The transposed convolution: the lengths from which the convolution would give the input's, and more if asked."""
    name = f"conv_transpose{spatial}d"

    def operation(
        input: ShapeTensor,
        weight: ShapeTensor,
        bias: ShapeTensor | None = None,
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: int = 1,
        dilation: int | Sequence[int] = 1,
    ) -> ShapeTensor:
        batch, channels, lengths = split_spatial(input.shape, spatial, name)
        blocks = as_int(groups, name, "groups")
        check_positive(name, groups=(blocks,))
        fits = weight.ndim == spatial + 2 and channels == weight.shape[0] and channels % blocks == 0
        outputs = weight.shape[1] * blocks if weight.ndim > 1 else 0
        expected = f"it must be ({channels}, out_channels / {groups}, *kernel)"
        _check_tensors(name, input, weight, bias, outputs, fits, expected)
        steps, spread = per_axis(stride, spatial, name, "stride"), per_axis(dilation, spatial, name, "dilation")
        cut = per_axis(padding, spatial, name, "padding")
        added = per_axis(output_padding, spatial, name, "output_padding")
        sizes = _enlarged(name, lengths, weight.shape[2:], steps, cut, added, spread)
        shape = (*batch, outputs, *sizes)
        counting.add(input.elements * product(weight.shape[1:]), product(shape))
        return input.like(shape)

    operation.__name__ = operation.__qualname__ = name
    return operation


def _enlarged(
    name: str, lengths: Shape, kernel: Shape, stride: Shape, padding: Shape, output_padding: Shape, dilation: Shape
) -> Shape:
    check_positive(name, stride=stride, dilation=dilation)
    limits = [max(step, spread) for step, spread in zip(stride, dilation, strict=True)]
    if any(not 0 <= extra < limit for extra, limit in zip(output_padding, limits, strict=True)):
        message = f"{name}: output_padding {list(output_padding)} must be less than the stride or the dilation."
        raise OptionError(message)
    sizes = tuple(
        (length - 1) * step - 2 * cut + spread * (size - 1) + extra + 1
        for length, size, step, cut, extra, spread in zip(
            lengths, kernel, stride, padding, output_padding, dilation, strict=True
        )
    )
    if any(size < 1 for size in sizes):
        message = f"{name}: padding {list(padding)} cuts away the whole result of an input of {list(lengths)}."
        raise InputError(message)
    return sizes


conv_transpose1d, conv_transpose2d, conv_transpose3d = (_transposed(spatial) for spatial in (1, 2, 3))
