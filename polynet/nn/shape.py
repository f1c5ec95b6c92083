"""Layers that rearrange and compute nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from polynet.nn.module import Module
from polynet.nn.rules import convolution as convolution_rules
from polynet.nn.rules import shape as shape_rules

if TYPE_CHECKING:
    from polynet.ops.arguments import IntOrInts


class Identity(Module, native="Identity"):
    """Returns its input.

    Args:
        *args: Ignored, so that it can stand where another layer stood.
        **kwargs: Ignored.

    Shapes:
        Any, unchanged.

    Source:
        `torch.nn.Identity`.

    Example:
        >>> nn.Identity()(ops.tensor([1.0, 2.0])).tolist()
        [1.0, 2.0]
    """

    if TYPE_CHECKING:

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...


class Flatten(Module, native="Flatten", rule=shape_rules.flatten):
    """Joins a range of axes into one.

    Args:
        start_dim: First axis of the range. Default 1: the batch axis stays.
        end_dim: Last axis of the range. Default -1.

    Shapes:
        `(N, A, B, ...)` to `(N, A * B * ...)` with the defaults.

    Source:
        `torch.nn.Flatten`.

    Example:
        >>> tuple(nn.Flatten()(ops.zeros((2, 3, 4))).shape)
        (2, 12)
    """

    if TYPE_CHECKING:

        def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None: ...


class Unflatten(Module, native="Unflatten", rule=shape_rules.unflatten):
    """Splits one axis into several.

    Args:
        dim: The axis.
        unflattened_size: The new axes; one of them may be -1.

    Shapes:
        `(..., A * B, ...)` to `(..., A, B, ...)`.

    Source:
        `torch.nn.Unflatten`.

    Example:
        >>> tuple(nn.Unflatten(1, (3, 4))(ops.zeros((2, 12))).shape)
        (2, 3, 4)
    """

    if TYPE_CHECKING:

        def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None: ...


class PixelShuffle(Module, native="PixelShuffle", rule=shape_rules.pixel_shuffle):
    """Lays groups of channels out as pixels: sub-pixel convolution's second half.

    Args:
        upscale_factor: By how much height and width grow.

    Shapes:
        `(N, C * r * r, H, W)` to `(N, C, H * r, W * r)` with `r = upscale_factor`.

    Source:
        Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
        Network", arXiv:1609.05158.

    Example:
        >>> tuple(nn.PixelShuffle(2)(ops.zeros((1, 8, 3, 5))).shape)
        (1, 2, 6, 10)
    """

    if TYPE_CHECKING:

        def __init__(self, upscale_factor: int) -> None: ...


class PixelUnshuffle(Module, native="PixelUnshuffle", rule=shape_rules.pixel_unshuffle):
    """Gathers blocks of pixels into channels: the inverse of `PixelShuffle`.

    Args:
        downscale_factor: By how much height and width shrink; must divide both.

    Shapes:
        `(N, C, H * r, W * r)` to `(N, C * r * r, H, W)` with `r = downscale_factor`.

    Source:
        Shi et al., arXiv:1609.05158.

    Example:
        >>> tuple(nn.PixelUnshuffle(2)(ops.zeros((1, 2, 6, 10))).shape)
        (1, 8, 3, 5)
    """

    if TYPE_CHECKING:

        def __init__(self, downscale_factor: int) -> None: ...


class Unfold(Module, native="Unfold", rule=convolution_rules.unfold):
    """Lists the sliding windows of an image as columns (im2col).

    Args:
        kernel_size: Height and width of a window.
        dilation: Distance between the elements of a window. Default 1.
        padding: Zeros on either side. Default 0.
        stride: Distance between windows. Default 1.

    Shapes:
        `(N, C, H, W)` to `(N, C * kernel height * kernel width, windows)`.

    Source:
        `torch.nn.Unfold`.

    Example:
        >>> tuple(nn.Unfold(2, stride=2)(ops.zeros((1, 3, 4, 6))).shape)
        (1, 12, 6)
    """

    if TYPE_CHECKING:

        def __init__(
            self, kernel_size: IntOrInts, dilation: IntOrInts = 1, padding: IntOrInts = 0, stride: IntOrInts = 1
        ) -> None: ...


class Fold(Module, native="Fold", rule=convolution_rules.fold):
    """Adds columns back up into an image (col2im): where windows overlap, their values are summed.

    Args:
        output_size: Height and width of the image.
        kernel_size: Height and width of a window.
        dilation: Distance between the elements of a window. Default 1.
        padding: Zeros that `Unfold` had put on either side. Default 0.
        stride: Distance between windows. Default 1.

    Shapes:
        `(N, C * kernel height * kernel width, windows)` to `(N, C, H, W)`.

    Source:
        `torch.nn.Fold`.

    Example:
        >>> tuple(nn.Fold((4, 6), 2, stride=2)(ops.zeros((1, 12, 6))).shape)
        (1, 3, 4, 6)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            output_size: IntOrInts,
            kernel_size: IntOrInts,
            dilation: IntOrInts = 1,
            padding: IntOrInts = 0,
            stride: IntOrInts = 1,
        ) -> None: ...
