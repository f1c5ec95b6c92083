"""Padding, and the sliding windows that `unfold` cuts and `fold` adds up."""

from __future__ import annotations

from collections.abc import Sequence

from polynet.ops.arguments import IntOrInts
from polynet.ops.checks import check_option
from polynet.ops.dispatch import namespace_of
from polynet.ops.explain import explained
from polynet.types import Tensor

PAD_MODES = ("constant", "reflect", "replicate", "circular")


@explained
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Return the tensor with a border.

    Args:
        input: Any shape for `"constant"`. For the other modes as many axes must be padded as torch allows: the last
            1 of 2-d or 3-d input, the last 2 of 3-d or 4-d, the last 3 of 4-d or 5-d.
        pad: Pairs `(before, after)`, that of the last axis first. Negative numbers crop (`"constant"` only).
        mode: `"constant"`, `"reflect"` (mirror without the edge), `"replicate"` (repeat the edge) or `"circular"`.
        value: What `"constant"` fills in; 0 by default.

    Raises:
        OptionError: There is no such mode.

    Example:
        >>> ops.pad(ops.tensor([[[1.0, 2.0, 3.0]]]), (1, 1), mode="reflect").tolist()
        [[[2.0, 1.0, 2.0, 3.0, 2.0]]]
    """
    check_option("pad", "mode", mode, PAD_MODES)
    return namespace_of(input).pad(input, pad, mode, value)


@explained
def unfold(
    input: Tensor, kernel_size: IntOrInts, dilation: IntOrInts = 1, padding: IntOrInts = 0, stride: IntOrInts = 1
) -> Tensor:
    """Return the sliding windows of images as columns (im2col).

    Args:
        input: `(N, C, H, W)`.
        kernel_size: Window height and width.
        dilation: Distance between the elements of a window.
        padding: Rows and columns of 0 on either side.
        stride: Distance between windows.

    Returns:
        `(N, C * kernel height * kernel width, number of windows)`.

    Example:
        >>> tuple(ops.unfold(ops.zeros((1, 2, 4, 4)), 3).shape)
        (1, 18, 4)
    """
    return namespace_of(input).unfold(input, kernel_size, dilation, padding, stride)


@explained
def fold(
    input: Tensor,
    output_size: IntOrInts,
    kernel_size: IntOrInts,
    dilation: IntOrInts = 1,
    padding: IntOrInts = 0,
    stride: IntOrInts = 1,
) -> Tensor:
    """Return images in which the columns of `unfold` are added back where they came from (col2im).

    Args:
        input: `(N, C * kernel height * kernel width, number of windows)`.
        output_size: Height and width of the result.
        kernel_size: Window height and width.
        dilation: Distance between the elements of a window.
        padding: Rows and columns which `unfold` put on either side.
        stride: Distance between windows.

    Returns:
        `(N, C, output height, output width)`.

    Example:
        >>> ops.fold(ops.ones((1, 4, 4)), 3, 2).tolist()
        [[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]]
    """
    return namespace_of(input).fold(input, output_size, kernel_size, dilation, padding, stride)
