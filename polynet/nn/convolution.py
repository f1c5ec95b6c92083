"""Convolutions and transposed convolutions over sequences, images and volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polynet.nn.module import Module
from polynet.nn.rules import convolution as convolution_rules
from polynet.types import Tensor

if TYPE_CHECKING:
    from polynet.ops.arguments import IntOrInts


class Conv1d(Module, native="Conv1d", rule=convolution_rules.convolution(1)):
    """Convolution of sequences.

    The weight is `(out_channels, in_channels / groups, kernel length)`, the bias `(out_channels,)`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Length of a window.
        stride: Distance between windows. Default 1.
        padding: Elements added at either end; `"same"` keeps the length (stride 1 only), `"valid"` is 0. Default 0.
        dilation: Distance between the elements of a window. Default 1.
        groups: Blocks of channels convolved apart; must divide both channel counts. Default 1.
        bias: Whether to add a bias. Default `True`.
        padding_mode: `"zeros"`, `"reflect"`, `"replicate"` or `"circular"`. Default `"zeros"`.

    Shapes:
        `(N, in_channels, L)` to `(N, out_channels, L')` with
        `L' = (L + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1`.

    Source:
        LeCun et al., "Backpropagation Applied to Handwritten Zip Code Recognition", 1989.

    Example:
        >>> tuple(nn.Conv1d(3, 8, 5, padding=2)(ops.zeros((1, 3, 10))).shape)
        (1, 8, 10)
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor | None

        def __init__(
            self,
            in_channels: int,
            out_channels: int,
            kernel_size: IntOrInts,
            stride: IntOrInts = 1,
            padding: IntOrInts | str = 0,
            dilation: IntOrInts = 1,
            groups: int = 1,
            bias: bool = True,
            padding_mode: str = "zeros",
        ) -> None: ...


class Conv2d(Module, native="Conv2d", rule=convolution_rules.convolution(2)):
    """Convolution of images.

    The weight is `(out_channels, in_channels / groups, kernel height, kernel width)`, the bias `(out_channels,)`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Height and width of a window, one number or a pair.
        stride: Distance between windows. Default 1.
        padding: Rows and columns added on either side; `"same"` keeps the size (stride 1 only), `"valid"` is 0.
            Default 0.
        dilation: Distance between the elements of a window. Default 1.
        groups: Blocks of channels convolved apart; must divide both channel counts. Default 1.
        bias: Whether to add a bias. Default `True`.
        padding_mode: `"zeros"`, `"reflect"`, `"replicate"` or `"circular"`. Default `"zeros"`.

    Shapes:
        `(N, in_channels, H, W)` to `(N, out_channels, H', W')` with
        `H' = (H + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1`, and `W'` likewise.

    Source:
        LeCun et al., "Backpropagation Applied to Handwritten Zip Code Recognition", 1989.

    Example:
        >>> tuple(nn.Conv2d(3, 8, 3, stride=2, padding=1)(ops.zeros((1, 3, 8, 6))).shape)
        (1, 8, 4, 3)
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor | None
        in_channels: int
        out_channels: int

        def __init__(
            self,
            in_channels: int,
            out_channels: int,
            kernel_size: IntOrInts,
            stride: IntOrInts = 1,
            padding: IntOrInts | str = 0,
            dilation: IntOrInts = 1,
            groups: int = 1,
            bias: bool = True,
            padding_mode: str = "zeros",
        ) -> None: ...


class Conv3d(Module, native="Conv3d", rule=convolution_rules.convolution(3)):
    """Convolution of volumes.

    The weight is `(out_channels, in_channels / groups, kernel depth, height, width)`, the bias `(out_channels,)`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Depth, height and width of a window, one number or three.
        stride: Distance between windows. Default 1.
        padding: Elements added on either side; `"same"` keeps the size (stride 1 only), `"valid"` is 0. Default 0.
        dilation: Distance between the elements of a window. Default 1.
        groups: Blocks of channels convolved apart; must divide both channel counts. Default 1.
        bias: Whether to add a bias. Default `True`.
        padding_mode: `"zeros"`, `"reflect"`, `"replicate"` or `"circular"`. Default `"zeros"`.

    Shapes:
        `(N, in_channels, D, H, W)` to `(N, out_channels, D', H', W')`, each axis as in `Conv2d`.

    Source:
        Tran et al., "Learning Spatiotemporal Features with 3D Convolutional Networks", arXiv:1412.0767.

    Example:
        >>> tuple(nn.Conv3d(1, 2, 3)(ops.zeros((1, 1, 4, 5, 6))).shape)
        (1, 2, 2, 3, 4)
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor | None

        def __init__(
            self,
            in_channels: int,
            out_channels: int,
            kernel_size: IntOrInts,
            stride: IntOrInts = 1,
            padding: IntOrInts | str = 0,
            dilation: IntOrInts = 1,
            groups: int = 1,
            bias: bool = True,
            padding_mode: str = "zeros",
        ) -> None: ...


class ConvTranspose1d(Module, native="ConvTranspose1d", rule=convolution_rules.transposed_convolution(1)):
    """Transposed convolution of sequences: what `Conv1d` does to gradients, which lengthens by the stride.

    The weight is `(in_channels, out_channels / groups, kernel length)`, the bias `(out_channels,)`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Length of a window.
        stride: How far apart the input's elements are laid. Default 1.
        padding: Elements cut off at either end of the result. Default 0.
        output_padding: Elements added at the end of the result; less than the stride or the dilation. Default 0.
        groups: Blocks of channels convolved apart. Default 1.
        bias: Whether to add a bias. Default `True`.
        dilation: Distance between the elements of a window. Default 1.
        padding_mode: Only `"zeros"`.

    Shapes:
        `(N, in_channels, L)` to `(N, out_channels, L')` with
        `L' = (L - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1`.

    Source:
        Zeiler et al., "Deconvolutional Networks", 2010.

    Example:
        >>> tuple(nn.ConvTranspose1d(3, 2, 4, stride=2, padding=1)(ops.zeros((1, 3, 5))).shape)
        (1, 2, 10)
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor | None

        def __init__(
            self,
            in_channels: int,
            out_channels: int,
            kernel_size: IntOrInts,
            stride: IntOrInts = 1,
            padding: IntOrInts = 0,
            output_padding: IntOrInts = 0,
            groups: int = 1,
            bias: bool = True,
            dilation: IntOrInts = 1,
            padding_mode: str = "zeros",
        ) -> None: ...


class ConvTranspose2d(Module, native="ConvTranspose2d", rule=convolution_rules.transposed_convolution(2)):
    """Transposed convolution of images: what `Conv2d` does to gradients, which enlarges by the stride.

    The weight is `(in_channels, out_channels / groups, kernel height, kernel width)`, the bias `(out_channels,)`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Height and width of a window, one number or a pair.
        stride: How far apart the input's elements are laid. Default 1.
        padding: Rows and columns cut off either side of the result. Default 0.
        output_padding: Rows and columns added to one side of the result; less than the stride or the dilation.
            Default 0.
        groups: Blocks of channels convolved apart. Default 1.
        bias: Whether to add a bias. Default `True`.
        dilation: Distance between the elements of a window. Default 1.
        padding_mode: Only `"zeros"`.

    Shapes:
        `(N, in_channels, H, W)` to `(N, out_channels, H', W')` with
        `H' = (H - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1`, and `W'` likewise.

    Source:
        Zeiler et al., "Deconvolutional Networks", 2010.

    Example:
        >>> tuple(nn.ConvTranspose2d(3, 2, 2, stride=2)(ops.zeros((1, 3, 4, 5))).shape)
        (1, 2, 8, 10)
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor | None

        def __init__(
            self,
            in_channels: int,
            out_channels: int,
            kernel_size: IntOrInts,
            stride: IntOrInts = 1,
            padding: IntOrInts = 0,
            output_padding: IntOrInts = 0,
            groups: int = 1,
            bias: bool = True,
            dilation: IntOrInts = 1,
            padding_mode: str = "zeros",
        ) -> None: ...


class ConvTranspose3d(Module, native="ConvTranspose3d", rule=convolution_rules.transposed_convolution(3)):
    """Transposed convolution of volumes: what `Conv3d` does to gradients, which enlarges by the stride.

    The weight is `(in_channels, out_channels / groups, kernel depth, height, width)`, the bias `(out_channels,)`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Depth, height and width of a window, one number or three.
        stride: How far apart the input's elements are laid. Default 1.
        padding: Elements cut off either side of the result. Default 0.
        output_padding: Elements added to one side of the result; less than the stride or the dilation. Default 0.
        groups: Blocks of channels convolved apart. Default 1.
        bias: Whether to add a bias. Default `True`.
        dilation: Distance between the elements of a window. Default 1.
        padding_mode: Only `"zeros"`.

    Shapes:
        `(N, in_channels, D, H, W)` to `(N, out_channels, D', H', W')`, each axis as in `ConvTranspose2d`.

    Source:
        Zeiler et al., "Deconvolutional Networks", 2010.

    Example:
        >>> tuple(nn.ConvTranspose3d(1, 2, 2, stride=2)(ops.zeros((1, 1, 2, 3, 4))).shape)
        (1, 2, 4, 6, 8)
    """

    if TYPE_CHECKING:
        weight: Tensor
        bias: Tensor | None

        def __init__(
            self,
            in_channels: int,
            out_channels: int,
            kernel_size: IntOrInts,
            stride: IntOrInts = 1,
            padding: IntOrInts = 0,
            output_padding: IntOrInts = 0,
            groups: int = 1,
            bias: bool = True,
            dilation: IntOrInts = 1,
            padding_mode: str = "zeros",
        ) -> None: ...
