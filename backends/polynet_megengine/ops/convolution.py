"""Convolutions with torch's arguments and weight layout on MegEngine tensors."""

from __future__ import annotations

from collections.abc import Sequence

import megengine.functional as F

from polynet.errors import InputError, suggest
from polynet.types import Tensor
from polynet_megengine.convolution_gradient import convolve, convolve_transposed
from polynet_megengine.ops._tensors import shape_of, tuple_of

Sizes = int | Sequence[int]


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve `(N, C, L)` with weights `(O, C/G, K)`."""
    return _convolution(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve `(N, C, H, W)` with weights `(O, C/G, KH, KW)`."""
    return _convolution(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve `(N, C, D, H, W)` with weights `(O, C/G, KD, KH, KW)`."""
    return _convolution(3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution of `(N, C, L)` with weights `(C, O/G, K)`."""
    return _transposed(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution of `(N, C, H, W)` with weights `(C, O/G, KH, KW)`."""
    return _transposed(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """Transposed convolution of `(N, C, D, H, W)` with weights `(C, O/G, KD, KH, KW)`."""
    return _transposed(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def same_padding(kernel: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    """Zeros before and after, for each dimension, that keep the size at stride 1; the odd one goes behind."""
    totals = [spacing * (taps - 1) for taps, spacing in zip(kernel, dilation, strict=True)]
    return [(total // 2, total - total // 2) for total in totals]


def resolve_padding(
    input: Tensor, padding: Sizes | str, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[Tensor, tuple[int, ...]]:
    """The input, padded already where the two sides differ, and the padding that the kernel is to add.

    Raises:
        InputError: An unknown word, or `"same"` with a stride.
    """
    if not isinstance(padding, str):
        return input, tuple_of(padding, len(kernel), "padding")
    if padding == "valid":
        return input, (0,) * len(kernel)
    if padding != "same":
        message = f"padding={padding!r} must be integers, 'same' or 'valid'.{suggest(padding, ('same', 'valid'))}"
        raise InputError(message)
    if set(stride) != {1}:
        message = f"padding='same' needs stride 1, not {tuple(stride)}."
        raise InputError(message)
    sides = same_padding(kernel, dilation)
    if all(before == after for before, after in sides):
        return input, tuple(before for before, _ in sides)
    return F.nn.pad(input, ((0, 0), (0, 0), *sides)), (0,) * len(kernel)


def _convolution(
    spatial: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes | str,
    dilation: Sizes,
    groups: int,
) -> Tensor:
    steps, spacing = _steps(spatial, stride, "stride"), _steps(spatial, dilation, "dilation")
    batched = _batched(spatial, input)
    outputs, inputs, *kernel = _weight_shape(spatial, weight)
    if groups < 1 or outputs % groups or shape_of(batched)[1] != inputs * groups:
        message = (
            f"{shape_of(batched)[1]} input channels do not fit weights {shape_of(weight)} with groups={groups}: "
            f"{inputs * max(groups, 1)} channels are needed, and outputs divisible by groups."
        )
        raise InputError(message)
    batched, pads = resolve_padding(batched, padding, kernel, steps, spacing)
    check_fits(shape_of(batched)[2:], kernel, pads, spacing)
    if spatial == 1:
        batched, kernel = F.expand_dims(batched, 2), [1, *kernel]
        steps, pads, spacing = (1, *steps), (0, *pads), (1, *spacing)
    layout = (outputs, inputs, *kernel) if groups == 1 else (groups, outputs // groups, inputs, *kernel)
    output = convolve(batched, weight.reshape(layout), _bias(bias, len(kernel)), steps, pads, spacing, groups)
    return _unbatched(spatial, input, output)


def _transposed(
    spatial: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    groups: int,
    dilation: Sizes,
) -> Tensor:
    steps, spacing = _steps(spatial, stride, "stride"), _steps(spatial, dilation, "dilation")
    pads, extra = tuple_of(padding, spatial, "padding"), tuple_of(output_padding, spatial, "output_padding")
    batched = _batched(spatial, input)
    inputs, outputs, *kernel = _weight_shape(spatial, weight)
    if groups < 1 or inputs % groups or shape_of(batched)[1] != inputs:
        message = (
            f"{shape_of(batched)[1]} input channels do not fit weights {shape_of(weight)} with groups={groups}: "
            f"{inputs} channels are needed, divisible by groups."
        )
        raise InputError(message)
    if any(more >= max(step, space) for more, step, space in zip(extra, steps, spacing, strict=True)):
        message = f"output_padding={extra} must be smaller than stride={steps} or dilation={spacing}."
        raise InputError(message)
    if spatial == 1:
        batched, kernel = F.expand_dims(batched, 2), [1, *kernel]
        steps, pads, extra, spacing = (1, *steps), (0, *pads), (0, *extra), (1, *spacing)
    layout = (inputs, outputs, *kernel) if groups == 1 else (groups, inputs // groups, outputs, *kernel)
    output = convolve_transposed(
        batched, weight.reshape(layout), _bias(bias, len(kernel)), steps, pads, extra, spacing, groups
    )
    return _unbatched(spatial, input, output)


def _steps(spatial: int, value: Sizes, name: str) -> tuple[int, ...]:
    each = tuple_of(value, spatial, name)
    if min(each) < 1:
        message = f"{name}={each} must be at least 1."
        raise InputError(message)
    return each


def _weight_shape(spatial: int, weight: Tensor) -> tuple[int, ...]:
    shape = shape_of(weight)
    if len(shape) != spatial + 2:
        message = f"Weights of a {spatial}-d convolution have {spatial + 2} dimensions, not shape {shape}."
        raise InputError(message)
    return shape


def _batched(spatial: int, input: Tensor) -> Tensor:
    """The input with an axis for images; torch takes a single one without."""
    if input.ndim == spatial + 1:
        return F.expand_dims(input, 0)
    if input.ndim != spatial + 2:
        message = f"A {spatial}-d convolution takes {spatial + 1} or {spatial + 2} dimensions, not {shape_of(input)}."
        raise InputError(message)
    return input


def _unbatched(spatial: int, input: Tensor, output: Tensor) -> Tensor:
    if spatial == 1:
        output = F.squeeze(output, 2)
    return F.squeeze(output, 0) if input.ndim == spatial + 1 else output


def _bias(bias: Tensor | None, spatial: int) -> Tensor | None:
    return None if bias is None else bias.reshape(1, -1, *(1,) * spatial)


def check_fits(
    size: Sequence[int], kernel: Sequence[int], padding: Sequence[int], dilation: Sequence[int], owner: str = ""
) -> None:
    """Refuse a kernel larger than the padded input.

    Raises:
        InputError: It is; the message begins with the owner.
    """
    for count, taps, pad, spacing in zip(size, kernel, padding, dilation, strict=True):
        if count + 2 * pad < spacing * (taps - 1) + 1:
            message = (
                f"{owner}A kernel of {tuple(kernel)}, dilated by {tuple(dilation)}, is larger than the input "
                f"{tuple(size)} padded by {tuple(padding)}."
            )
            raise InputError(message)
