"""Convolutions. In fact correlations, as everywhere in deep learning: the kernel is not flipped."""

from __future__ import annotations

from polynet.ops.arguments import IntOrInts, namespace_of_all
from polynet.ops.explain import explained
from polynet.types import Tensor


@explained
def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrInts = 1,
    padding: IntOrInts | str = 0,
    dilation: IntOrInts = 1,
    groups: int = 1,
) -> Tensor:
    """Return the convolution of sequences.

    Args:
        input: `(N, C, L)`.
        weight: `(out_channels, C / groups, kernel length)`.
        bias: `(out_channels,)`, or none.
        stride: Distance between windows.
        padding: Zeros on either side; `"same"` keeps the length (stride 1 only), `"valid"` is 0.
        dilation: Distance between the elements of a window.
        groups: Blocks of channels convolved apart.

    Returns:
        `(N, out_channels, output length)`.

    Example:
        >>> ops.conv1d(ops.tensor([[[1.0, 2.0, 3.0]]]), ops.tensor([[[1.0, 1.0]]])).tolist()
        [[[3.0, 5.0]]]
    """
    return namespace_of_all(input, weight, bias).conv1d(input, weight, bias, stride, padding, dilation, groups)


@explained
def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrInts = 1,
    padding: IntOrInts | str = 0,
    dilation: IntOrInts = 1,
    groups: int = 1,
) -> Tensor:
    """Return the convolution of images.

    Args:
        input: `(N, C, H, W)`.
        weight: `(out_channels, C / groups, kernel height, kernel width)`.
        bias: `(out_channels,)`, or none.
        stride: Distance between windows, for both axes or a pair.
        padding: Zeros on either side; `"same"` keeps the size (stride 1 only), `"valid"` is 0.
        dilation: Distance between the elements of a window.
        groups: Blocks of channels convolved apart.

    Returns:
        `(N, out_channels, output height, output width)`.

    Example:
        >>> ops.conv2d(ops.ones((1, 1, 2, 2)), ops.ones((1, 1, 2, 2))).tolist()
        [[[[4.0]]]]
    """
    return namespace_of_all(input, weight, bias).conv2d(input, weight, bias, stride, padding, dilation, groups)


@explained
def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrInts = 1,
    padding: IntOrInts | str = 0,
    dilation: IntOrInts = 1,
    groups: int = 1,
) -> Tensor:
    """Return the convolution of volumes.

    Args:
        input: `(N, C, D, H, W)`.
        weight: `(out_channels, C / groups, kernel depth, kernel height, kernel width)`.
        bias: `(out_channels,)`, or none.
        stride: Distance between windows, for all axes or each.
        padding: Zeros on either side; `"same"` keeps the size (stride 1 only), `"valid"` is 0.
        dilation: Distance between the elements of a window.
        groups: Blocks of channels convolved apart.

    Returns:
        `(N, out_channels, output depth, output height, output width)`.

    Example:
        >>> ops.conv3d(ops.ones((1, 1, 2, 2, 2)), ops.ones((1, 1, 2, 2, 2))).tolist()
        [[[[[8.0]]]]]
    """
    return namespace_of_all(input, weight, bias).conv3d(input, weight, bias, stride, padding, dilation, groups)


@explained
def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrInts = 1,
    padding: IntOrInts = 0,
    output_padding: IntOrInts = 0,
    groups: int = 1,
    dilation: IntOrInts = 1,
) -> Tensor:
    """Return the transposed convolution of images: what `conv2d` does to gradients, which enlarges by the stride.

    Args:
        input: `(N, C, H, W)`.
        weight: `(C, out_channels / groups, kernel height, kernel width)`.
        bias: `(out_channels,)`, or none.
        stride: How far apart the input's elements are laid.
        padding: Rows and columns cut off either side of the result.
        output_padding: Rows and columns added to one side of the result; less than the stride or the dilation.
        groups: Blocks of channels convolved apart.
        dilation: Distance between the elements of a window.

    Returns:
        `(N, out_channels, output height, output width)`.

    Example:
        >>> ops.conv_transpose2d(ops.ones((1, 1, 1, 1)), ops.ones((1, 1, 2, 2)), stride=2).tolist()
        [[[[1.0, 1.0], [1.0, 1.0]]]]
    """
    return namespace_of_all(input, weight, bias).conv_transpose2d(
        input, weight, bias, stride, padding, output_padding, groups, dilation
    )
