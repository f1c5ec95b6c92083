"""Pooling over sliding windows (max, mean) and over windows fitted to an output size (adaptive)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from polynet.ops.arguments import IntOrInts
from polynet.ops.checks import check_adaptive
from polynet.ops.dispatch import namespace_of
from polynet.ops.explain import explained
from polynet.types import Tensor

OutputSize: TypeAlias = int | Sequence[int | None]
"""One length for all axes, or one for each, `None` keeping the input's."""


@explained
def max_pool1d(
    input: Tensor,
    kernel_size: IntOrInts,
    stride: IntOrInts | None = None,
    padding: IntOrInts = 0,
    dilation: IntOrInts = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Return the largest element of each window of `(N, C, L)`; arguments as `max_pool2d`.

    Example:
        >>> ops.max_pool1d(ops.tensor([[[1.0, 3.0, 2.0, 0.0]]]), 2).tolist()
        [[[3.0, 2.0]]]
    """
    return namespace_of(input).max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode)


@explained
def max_pool2d(
    input: Tensor,
    kernel_size: IntOrInts,
    stride: IntOrInts | None = None,
    padding: IntOrInts = 0,
    dilation: IntOrInts = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Return the largest element of each window.

    Args:
        input: `(N, C, H, W)`.
        kernel_size: Window height and width.
        stride: Distance between windows; the window's own size by default.
        padding: Rows and columns of -infinity on either side; at most half the window.
        dilation: Distance between the elements of a window.
        ceil_mode: Let a last window reach over the edge, if it starts within the input or its padding.

    Returns:
        `(N, C, output height, output width)`.

    Example:
        >>> ops.max_pool2d(ops.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), 2).tolist()
        [[[[4.0]]]]
    """
    return namespace_of(input).max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode)


@explained
def max_pool3d(
    input: Tensor,
    kernel_size: IntOrInts,
    stride: IntOrInts | None = None,
    padding: IntOrInts = 0,
    dilation: IntOrInts = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Return the largest element of each window of `(N, C, D, H, W)`; arguments as `max_pool2d`.

    Example:
        >>> ops.max_pool3d(ops.ones((1, 1, 2, 2, 2)), 2).tolist()
        [[[[[1.0]]]]]
    """
    return namespace_of(input).max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode)


@explained
def avg_pool1d(
    input: Tensor,
    kernel_size: IntOrInts,
    stride: IntOrInts | None = None,
    padding: IntOrInts = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Return the mean of each window of `(N, C, L)`; arguments as `avg_pool2d`.

    Example:
        >>> ops.avg_pool1d(ops.tensor([[[1.0, 3.0, 2.0, 0.0]]]), 2).tolist()
        [[[2.0, 1.0]]]
    """
    return namespace_of(input).avg_pool1d(input, kernel_size, stride, padding, ceil_mode, count_include_pad)


@explained
def avg_pool2d(
    input: Tensor,
    kernel_size: IntOrInts,
    stride: IntOrInts | None = None,
    padding: IntOrInts = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean of each window.

    Args:
        input: `(N, C, H, W)`.
        kernel_size: Window height and width.
        stride: Distance between windows; the window's own size by default.
        padding: Rows and columns of 0 on either side; at most half the window.
        ceil_mode: Let a last window reach over the edge, if it starts within the input or its padding.
        count_include_pad: Whether the padding counts in the mean; what lies beyond it never does.
        divisor_override: What to divide each sum by instead.

    Returns:
        `(N, C, output height, output width)`.

    Example:
        >>> ops.avg_pool2d(ops.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), 2).tolist()
        [[[[2.5]]]]
    """
    return namespace_of(input).avg_pool2d(
        input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@explained
def avg_pool3d(
    input: Tensor,
    kernel_size: IntOrInts,
    stride: IntOrInts | None = None,
    padding: IntOrInts = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean of each window of `(N, C, D, H, W)`; arguments as `avg_pool2d`.

    Example:
        >>> ops.avg_pool3d(ops.ones((1, 1, 2, 2, 2)), 2).tolist()
        [[[[[1.0]]]]]
    """
    return namespace_of(input).avg_pool3d(
        input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@explained
def adaptive_avg_pool1d(input: Tensor, output_size: OutputSize) -> Tensor:
    """Return `(N, C, L)` as `(N, C, output_size)`, each element the mean of its share of the input.

    Example:
        >>> ops.adaptive_avg_pool1d(ops.tensor([[[1.0, 2.0, 3.0]]]), 2).tolist()
        [[[1.5, 2.5]]]
    """
    check_adaptive("adaptive_avg_pool1d", output_size)
    return namespace_of(input).adaptive_avg_pool1d(input, output_size)


@explained
def adaptive_avg_pool2d(input: Tensor, output_size: OutputSize) -> Tensor:
    """Return images at an output size, each element the mean of its share of the input.

    Args:
        input: `(N, C, H, W)`.
        output_size: One length for both axes, or a pair; `None` in it keeps the input's. Along an axis of length n,
            element i of m is over the elements from `floor(i * n / m)` to `ceil((i + 1) * n / m)`.

    Returns:
        `(N, C, *output_size)`.

    Raises:
        OptionError: A length is below 1.

    Example:
        >>> ops.adaptive_avg_pool2d(ops.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), 1).tolist()
        [[[[2.5]]]]
    """
    check_adaptive("adaptive_avg_pool2d", output_size)
    return namespace_of(input).adaptive_avg_pool2d(input, output_size)


@explained
def adaptive_avg_pool3d(input: Tensor, output_size: OutputSize) -> Tensor:
    """Return `(N, C, D, H, W)` as `(N, C, *output_size)`; windows as in `adaptive_avg_pool2d`.

    Example:
        >>> ops.adaptive_avg_pool3d(ops.ones((1, 1, 2, 2, 2)), 1).tolist()
        [[[[[1.0]]]]]
    """
    check_adaptive("adaptive_avg_pool3d", output_size)
    return namespace_of(input).adaptive_avg_pool3d(input, output_size)


@explained
def adaptive_max_pool1d(input: Tensor, output_size: OutputSize) -> Tensor:
    """Return `(N, C, L)` as `(N, C, output_size)`, each element the largest of its share of the input.

    Example:
        >>> ops.adaptive_max_pool1d(ops.tensor([[[1.0, 2.0, 3.0]]]), 2).tolist()
        [[[2.0, 3.0]]]
    """
    check_adaptive("adaptive_max_pool1d", output_size)
    return namespace_of(input).adaptive_max_pool1d(input, output_size)


@explained
def adaptive_max_pool2d(input: Tensor, output_size: OutputSize) -> Tensor:
    """Return `(N, C, H, W)` as `(N, C, *output_size)`, by largest elements; windows as in `adaptive_avg_pool2d`.

    Example:
        >>> ops.adaptive_max_pool2d(ops.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), 1).tolist()
        [[[[4.0]]]]
    """
    check_adaptive("adaptive_max_pool2d", output_size)
    return namespace_of(input).adaptive_max_pool2d(input, output_size)


@explained
def adaptive_max_pool3d(input: Tensor, output_size: OutputSize) -> Tensor:
    """Return `(N, C, D, H, W)` as `(N, C, *output_size)`, by largest elements; windows as in `adaptive_avg_pool2d`.

    Example:
        >>> ops.adaptive_max_pool3d(ops.ones((1, 1, 2, 2, 2)), 1).tolist()
        [[[[[1.0]]]]]
    """
    check_adaptive("adaptive_max_pool3d", output_size)
    return namespace_of(input).adaptive_max_pool3d(input, output_size)
