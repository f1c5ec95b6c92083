"""Pooling over windows fitted to an output size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polynet.nn.module import Module
from polynet.nn.rules import pooling as pooling_rules

if TYPE_CHECKING:
    from polynet.ops.pooling import OutputSize


class AdaptiveAvgPool1d(Module, native="AdaptiveAvgPool1d", rule=pooling_rules.adaptive_average_pool(1)):
    """The mean of windows so placed over sequences that the output has a given size.

    Args:
        output_size: Output lengths, one for all axes or one for each.

    Shapes:
        `(N, C, L)` to `(N, C, L')`;
        window i of n covers from `floor(i * length / n)` up to `ceil((i + 1) * length / n)`.

    Source:
        He et al., "Spatial Pyramid Pooling in Deep Convolutional Networks", arXiv:1406.4729; windows as
        torch places them.

    Example:
        >>> tuple(nn.AdaptiveAvgPool1d(3)(ops.zeros((1, 2, 7))).shape)
        (1, 2, 3)
    """

    if TYPE_CHECKING:

        def __init__(self, output_size: OutputSize) -> None: ...


class AdaptiveAvgPool2d(Module, native="AdaptiveAvgPool2d", rule=pooling_rules.adaptive_average_pool(2)):
    """The mean of windows so placed over images that the output has a given size.

    Args:
        output_size: Output lengths, one for all axes or one for each, `None` keeping the input's.

    Shapes:
        `(N, C, H, W)` to `(N, C, H', W')`;
        window i of n covers from `floor(i * length / n)` up to `ceil((i + 1) * length / n)`.

    Source:
        He et al., "Spatial Pyramid Pooling in Deep Convolutional Networks", arXiv:1406.4729; windows as
        torch places them.

    Example:
        >>> tuple(nn.AdaptiveAvgPool2d(3)(ops.zeros((1, 2, 7, 6))).shape)
        (1, 2, 3, 3)
    """

    if TYPE_CHECKING:

        def __init__(self, output_size: OutputSize) -> None: ...


class AdaptiveAvgPool3d(Module, native="AdaptiveAvgPool3d", rule=pooling_rules.adaptive_average_pool(3)):
    """The mean of windows so placed over volumes that the output has a given size.

    Args:
        output_size: Output lengths, one for all axes or one for each, `None` keeping the input's.

    Shapes:
        `(N, C, D, H, W)` to `(N, C, D', H', W')`;
        window i of n covers from `floor(i * length / n)` up to `ceil((i + 1) * length / n)`.

    Source:
        He et al., "Spatial Pyramid Pooling in Deep Convolutional Networks", arXiv:1406.4729; windows as
        torch places them.

    Example:
        >>> tuple(nn.AdaptiveAvgPool3d(3)(ops.zeros((1, 2, 7, 6, 5))).shape)
        (1, 2, 3, 3, 3)
    """

    if TYPE_CHECKING:

        def __init__(self, output_size: OutputSize) -> None: ...


class AdaptiveMaxPool1d(Module, native="AdaptiveMaxPool1d", rule=pooling_rules.adaptive_max_pool(1)):
    """The largest element of windows so placed over sequences that the output has a given size.

    Args:
        output_size: Output lengths, one for all axes or one for each.
        return_indices: Also return where each element was found; not on MegEngine. Default `False`.

    Shapes:
        `(N, C, L)` to `(N, C, L')`;
        window i of n covers from `floor(i * length / n)` up to `ceil((i + 1) * length / n)`.

    Source:
        He et al., "Spatial Pyramid Pooling in Deep Convolutional Networks", arXiv:1406.4729; windows as
        torch places them.

    Example:
        >>> tuple(nn.AdaptiveMaxPool1d(3)(ops.zeros((1, 2, 7))).shape)
        (1, 2, 3)
    """

    if TYPE_CHECKING:

        def __init__(self, output_size: OutputSize, return_indices: bool = False) -> None: ...


class AdaptiveMaxPool2d(Module, native="AdaptiveMaxPool2d", rule=pooling_rules.adaptive_max_pool(2)):
    """The largest element of windows so placed over images that the output has a given size.

    Args:
        output_size: Output lengths, one for all axes or one for each, `None` keeping the input's.
        return_indices: Also return where each element was found; not on MegEngine. Default `False`.

    Shapes:
        `(N, C, H, W)` to `(N, C, H', W')`;
        window i of n covers from `floor(i * length / n)` up to `ceil((i + 1) * length / n)`.

    Source:
        He et al., "Spatial Pyramid Pooling in Deep Convolutional Networks", arXiv:1406.4729; windows as
        torch places them.

    Example:
        >>> tuple(nn.AdaptiveMaxPool2d(3)(ops.zeros((1, 2, 7, 6))).shape)
        (1, 2, 3, 3)
    """

    if TYPE_CHECKING:

        def __init__(self, output_size: OutputSize, return_indices: bool = False) -> None: ...


class AdaptiveMaxPool3d(Module, native="AdaptiveMaxPool3d", rule=pooling_rules.adaptive_max_pool(3)):
    """The largest element of windows so placed over volumes that the output has a given size.

    Args:
        output_size: Output lengths, one for all axes or one for each, `None` keeping the input's.
        return_indices: Also return where each element was found; not on MegEngine. Default `False`.

    Shapes:
        `(N, C, D, H, W)` to `(N, C, D', H', W')`;
        window i of n covers from `floor(i * length / n)` up to `ceil((i + 1) * length / n)`.

    Source:
        He et al., "Spatial Pyramid Pooling in Deep Convolutional Networks", arXiv:1406.4729; windows as
        torch places them.

    Example:
        >>> tuple(nn.AdaptiveMaxPool3d(3)(ops.zeros((1, 2, 7, 6, 5))).shape)
        (1, 2, 3, 3, 3)
    """

    if TYPE_CHECKING:

        def __init__(self, output_size: OutputSize, return_indices: bool = False) -> None: ...
