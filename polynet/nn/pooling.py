"""Pooling over sliding windows: the largest element, or the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polynet.nn.module import Module
from polynet.nn.rules import pooling as pooling_rules

if TYPE_CHECKING:
    from polynet.ops.arguments import IntOrInts


class MaxPool1d(Module, native="MaxPool1d", rule=pooling_rules.max_pool(1)):
    """The largest element of each window of sequences.

    Args:
        kernel_size: Window lengths.
        stride: Distance between windows. Default `None`: the window's own size.
        padding: Elements of -infinity on either side; at most half the window. Default 0.
        dilation: Distance between the elements of a window. Default 1.
        return_indices: Also return where each element was found; not on MegEngine. Default `False`.
        ceil_mode: Let a last window reach over the edge, if it starts within the input or its padding. Default `False`.

    Shapes:
        `(N, C, L)` to `(N, C, L')`; each length is
        `(length + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1`, rounded down, or up under `ceil_mode`.

    Source:
        Riesenhuber and Poggio, "Hierarchical Models of Object Recognition in Cortex", 1999.

    Example:
        >>> tuple(nn.MaxPool1d(2)(ops.zeros((1, 2, 7))).shape)
        (1, 2, 3)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            kernel_size: IntOrInts,
            stride: IntOrInts | None = None,
            padding: IntOrInts = 0,
            dilation: IntOrInts = 1,
            return_indices: bool = False,
            ceil_mode: bool = False,
        ) -> None: ...


class MaxPool2d(Module, native="MaxPool2d", rule=pooling_rules.max_pool(2)):
    """The largest element of each window of images.

    Args:
        kernel_size: Window lengths.
        stride: Distance between windows. Default `None`: the window's own size.
        padding: Elements of -infinity on either side; at most half the window. Default 0.
        dilation: Distance between the elements of a window. Default 1.
        return_indices: Also return where each element was found; not on MegEngine. Default `False`.
        ceil_mode: Let a last window reach over the edge, if it starts within the input or its padding. Default `False`.

    Shapes:
        `(N, C, H, W)` to `(N, C, H', W')`; each length is
        `(length + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1`, rounded down, or up under `ceil_mode`.

    Source:
        Riesenhuber and Poggio, "Hierarchical Models of Object Recognition in Cortex", 1999.

    Example:
        >>> tuple(nn.MaxPool2d(2)(ops.zeros((1, 2, 7, 6))).shape)
        (1, 2, 3, 3)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            kernel_size: IntOrInts,
            stride: IntOrInts | None = None,
            padding: IntOrInts = 0,
            dilation: IntOrInts = 1,
            return_indices: bool = False,
            ceil_mode: bool = False,
        ) -> None: ...


class MaxPool3d(Module, native="MaxPool3d", rule=pooling_rules.max_pool(3)):
    """The largest element of each window of volumes.

    Args:
        kernel_size: Window lengths.
        stride: Distance between windows. Default `None`: the window's own size.
        padding: Elements of -infinity on either side; at most half the window. Default 0.
        dilation: Distance between the elements of a window. Default 1.
        return_indices: Also return where each element was found; not on MegEngine. Default `False`.
        ceil_mode: Let a last window reach over the edge, if it starts within the input or its padding. Default `False`.

    Shapes:
        `(N, C, D, H, W)` to `(N, C, D', H', W')`; each length is
        `(length + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1`, rounded down, or up under `ceil_mode`.

    Source:
        Riesenhuber and Poggio, "Hierarchical Models of Object Recognition in Cortex", 1999.

    Example:
        >>> tuple(nn.MaxPool3d(2)(ops.zeros((1, 2, 7, 6, 5))).shape)
        (1, 2, 3, 3, 2)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            kernel_size: IntOrInts,
            stride: IntOrInts | None = None,
            padding: IntOrInts = 0,
            dilation: IntOrInts = 1,
            return_indices: bool = False,
            ceil_mode: bool = False,
        ) -> None: ...


class AvgPool1d(Module, native="AvgPool1d", rule=pooling_rules.average_pool(1)):
    """The mean of each window of sequences.

    Args:
        kernel_size: Window lengths.
        stride: Distance between windows. Default `None`: the window's own size.
        padding: Zeros on either side; at most half the window. Default 0.
        ceil_mode: Let a last window reach over the edge, if it starts within the input or its padding. Default `False`.
        count_include_pad: Whether the padding counts in the mean. Default `True`, on every framework.

    Shapes:
        `(N, C, L)` to `(N, C, L')`; each length is `(length + 2 * padding - kernel_size) / stride + 1`,
        rounded down, or up under `ceil_mode`.

    Source:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998.

    Example:
        >>> tuple(nn.AvgPool1d(2)(ops.zeros((1, 2, 7))).shape)
        (1, 2, 3)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            kernel_size: IntOrInts,
            stride: IntOrInts | None = None,
            padding: IntOrInts = 0,
            ceil_mode: bool = False,
            count_include_pad: bool = True,
        ) -> None: ...


class AvgPool2d(Module, native="AvgPool2d", rule=pooling_rules.average_pool(2)):
    """The mean of each window of images.

    Args:
        kernel_size: Window lengths.
        stride: Distance between windows. Default `None`: the window's own size.
        padding: Zeros on either side; at most half the window. Default 0.
        ceil_mode: Let a last window reach over the edge, if it starts within the input or its padding. Default `False`.
        count_include_pad: Whether the padding counts in the mean. Default `True`, on every framework.
        divisor_override: Divide by this instead of by the number of elements. Default none.

    Shapes:
        `(N, C, H, W)` to `(N, C, H', W')`; each length is `(length + 2 * padding - kernel_size) / stride + 1`,
        rounded down, or up under `ceil_mode`.

    Source:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998.

    Example:
        >>> tuple(nn.AvgPool2d(2)(ops.zeros((1, 2, 7, 6))).shape)
        (1, 2, 3, 3)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            kernel_size: IntOrInts,
            stride: IntOrInts | None = None,
            padding: IntOrInts = 0,
            ceil_mode: bool = False,
            count_include_pad: bool = True,
            divisor_override: int | None = None,
        ) -> None: ...


class AvgPool3d(Module, native="AvgPool3d", rule=pooling_rules.average_pool(3)):
    """The mean of each window of volumes.

    Args:
        kernel_size: Window lengths.
        stride: Distance between windows. Default `None`: the window's own size.
        padding: Zeros on either side; at most half the window. Default 0.
        ceil_mode: Let a last window reach over the edge, if it starts within the input or its padding. Default `False`.
        count_include_pad: Whether the padding counts in the mean. Default `True`, on every framework.
        divisor_override: Divide by this instead of by the number of elements. Default none.

    Shapes:
        `(N, C, D, H, W)` to `(N, C, D', H', W')`; each length is `(length + 2 * padding - kernel_size) / stride + 1`,
        rounded down, or up under `ceil_mode`.

    Source:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998.

    Example:
        >>> tuple(nn.AvgPool3d(2)(ops.zeros((1, 2, 7, 6, 5))).shape)
        (1, 2, 3, 3, 2)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            kernel_size: IntOrInts,
            stride: IntOrInts | None = None,
            padding: IntOrInts = 0,
            ceil_mode: bool = False,
            count_include_pad: bool = True,
            divisor_override: int | None = None,
        ) -> None: ...
