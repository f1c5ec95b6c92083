"""Layers that rearrange."""

from __future__ import annotations

from collections.abc import Sequence

import megengine.module as M

from polynet.nn.arguments import integer, sizes
from polynet.types import Tensor
from polynet_megengine.module import Module
from polynet_megengine.ops import padding, shape

Sizes = int | Sequence[int]


class Flatten(Module):
    """Joins the axes from `start_dim` to `end_dim`."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = int(start_dim), int(end_dim)

    def forward(self, input: Tensor) -> Tensor:
        """Flatten."""
        return shape.flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The axes."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits axis `dim` into several; one of the sizes may be -1."""

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        self.dim = int(dim)
        self.unflattened_size = tuple(
            integer(type(self).__name__, "unflattened_size", each, lowest=-1) for each in unflattened_size
        )

    def forward(self, input: Tensor) -> Tensor:
        """Split."""
        return shape.unflatten(input, self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """Axis and sizes."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class PixelShuffle(M.PixelShuffle, Module):
    """Turns `(N, C * r², H, W)` into `(N, C, H * r, W * r)` (Shi et al., 2016)."""

    def __init__(self, upscale_factor: int) -> None:
        super().__init__(integer(type(self).__name__, "upscale_factor", upscale_factor, lowest=1))

    def forward(self, x: Tensor) -> Tensor:
        """Spread channels over space."""
        return shape.pixel_shuffle(x, self.upscale_factor)


class PixelUnshuffle(Module):
    """The inverse of `PixelShuffle`."""

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = integer(type(self).__name__, "downscale_factor", downscale_factor, lowest=1)

    def forward(self, input: Tensor) -> Tensor:
        """Gather space into channels."""
        return shape.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"downscale_factor={self.downscale_factor}"


class Unfold(Module):
    """Sliding windows as columns: `(N, C, H, W)` to `(N, C * kh * kw, L)`."""

    def __init__(self, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1) -> None:
        super().__init__()
        _check_windows(type(self).__name__, kernel_size, dilation, padding, stride)
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        """Cut windows."""
        return padding.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The windows."""
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """Adds columns up to an image: `(N, C * kh * kw, L)` to `(N, C, *output_size)`."""

    def __init__(
        self, output_size: Sizes, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
    ) -> None:
        super().__init__()
        _check_windows(type(self).__name__, kernel_size, dilation, padding, stride)
        sizes(type(self).__name__, "output_size", output_size, 2, lowest=1)
        self.output_size = output_size
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        """Add windows up."""
        return padding.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The image and the windows."""
        return f"output_size={self.output_size}, kernel_size={self.kernel_size}, stride={self.stride}"


def _check_windows(owner: str, kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> None:
    for name, value in (("kernel_size", kernel_size), ("dilation", dilation), ("stride", stride)):
        sizes(owner, name, value, 2, lowest=1)
    sizes(owner, "padding", padding, 2)
