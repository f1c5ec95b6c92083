"""Convolution layers: one class for any number of spatial axes, and one transposed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from polynet_shapes.layers.functional import numbers, register, require
from polynet_shapes.module import Module
from polynet_shapes.ops import convolution
from polynet_shapes.rules import Shape
from polynet_shapes.tensor import ShapeTensor

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What all convolutions have: sizes, a weight, perhaps a bias.

    Attributes:
        spatial: Number of spatial axes.
        operation: The op.
    """

    spatial: ClassVar[int]
    operation: ClassVar[Callable[..., ShapeTensor]]

    def _set_sizes(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any, dilation: Any, groups: int
    ) -> None:
        """Check and keep the sizes that every convolution has."""
        super().__init__()
        require(groups > 0, self, f"groups must be at least 1, not {groups}.")
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            require(channels % groups == 0, self, f"{name} ({channels}) must be divisible by groups ({groups}).")
            setattr(self, name, channels)
        self.kernel_size = numbers(self, "kernel_size", kernel_size, self.spatial)
        self.stride = numbers(self, "stride", stride, self.spatial)
        self.dilation = numbers(self, "dilation", dilation, self.spatial)
        self.groups = groups

    def _set_tensors(self, weight: Shape, bias: bool, padding_mode: str) -> None:
        register(self, "weight", weight)
        register(self, "bias", (self.out_channels,), bias)
        allowed = _PADDING_MODES if not isinstance(self, _Transposed) else ("zeros",)
        require(padding_mode in allowed, self, f"padding_mode must be one of {allowed}, not {padding_mode!r}.")
        self.padding_mode = padding_mode

    def extra_repr(self) -> str:
        """Show the sizes."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, dilation={self.dilation}, groups={self.groups}, bias={self.bias is not None}"
        )


class _Direct(_Convolution):
    """A convolution."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        self._set_sizes(in_channels, out_channels, kernel_size, stride, dilation, groups)
        if isinstance(padding, str):
            require(padding in ("same", "valid"), self, f"padding must be numbers, 'same' or 'valid', not {padding!r}.")
            possible = padding == "valid" or set(self.stride) == {1}
            require(possible, self, f"padding 'same' needs stride 1, not {self.stride}.")
            self.padding: Shape | str = padding
        else:
            self.padding = numbers(self, "padding", padding, self.spatial)
        self._set_tensors((out_channels, in_channels // groups, *self.kernel_size), bias, padding_mode)

    def forward(self, input: ShapeTensor) -> ShapeTensor:
        """Convolve."""
        return type(self).operation(
            input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )


class Conv1d(_Direct):
    """Convolution of sequences."""

    spatial, operation = 1, convolution.conv1d


class Conv2d(_Direct):
    """Convolution of images."""

    spatial, operation = 2, convolution.conv2d


class Conv3d(_Direct):
    """Convolution of volumes."""

    spatial, operation = 3, convolution.conv3d


class _Transposed(_Convolution):
    """A transposed convolution."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Sequence[int] = 1,
        padding_mode: str = "zeros",
    ) -> None:
        self._set_sizes(in_channels, out_channels, kernel_size, stride, dilation, groups)
        self.padding = numbers(self, "padding", padding, self.spatial)
        self.output_padding = numbers(self, "output_padding", output_padding, self.spatial)
        self._set_tensors((in_channels, out_channels // groups, *self.kernel_size), bias, padding_mode)

    def forward(self, input: ShapeTensor) -> ShapeTensor:
        """Convolve, transposed."""
        padding, extra = self.padding, self.output_padding
        return type(self).operation(
            input, self.weight, self.bias, self.stride, padding, extra, self.groups, self.dilation
        )


class ConvTranspose1d(_Transposed):
    """Transposed convolution of sequences."""

    spatial, operation = 1, convolution.conv_transpose1d


class ConvTranspose2d(_Transposed):
    """Transposed convolution of images."""

    spatial, operation = 2, convolution.conv_transpose2d


class ConvTranspose3d(_Transposed):
    """Transposed convolution of volumes."""

    spatial, operation = 3, convolution.conv_transpose3d
