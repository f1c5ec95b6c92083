"""Layers that rearrange, pad and resize."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from polynet_shapes.layers.functional import Functional, numbers
from polynet_shapes.module import Module
from polynet_shapes.ops import padding, resize, shape
from polynet_shapes.tensor import ShapeTensor


class Identity(Module):
    """What goes in comes out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """Give back the input."""
        return input


class Flatten(Functional):
    """Several axes as one."""

    operation, kept = shape.flatten, ("start_dim", "end_dim")

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim


class Unflatten(Functional):
    """One axis as several."""

    operation, kept = shape.unflatten, ("dim", "unflattened_size")

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)


class PixelShuffle(Functional):
    """Channels into space."""

    operation, kept = shape.pixel_shuffle, ("upscale_factor",)

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor


class PixelUnshuffle(Functional):
    """Space into channels."""

    operation, kept = shape.pixel_unshuffle, ("downscale_factor",)

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor


class Unfold(Functional):
    """Windows of images as columns."""

    operation: ClassVar[Callable[..., Any]] = padding.unfold
    kept: ClassVar[tuple[str, ...]] = ("kernel_size", "dilation", "padding", "stride")

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        dilation: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        stride: int | Sequence[int] = 1,
    ) -> None:
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride


class Fold(Unfold):
    """Columns added back into images."""

    operation = padding.fold
    kept = ("output_size", *Unfold.kept)

    def __init__(
        self,
        output_size: int | Sequence[int],
        kernel_size: int | Sequence[int],
        dilation: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        stride: int | Sequence[int] = 1,
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)
        self.output_size = output_size


class _Pad2d(Module):
    """A border round images: left, right, top, bottom.

    Attributes:
        mode: How it is filled.
    """

    mode = "constant"

    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__()
        self.padding = numbers(self, "padding", padding, 4)

    def forward(self, input: ShapeTensor) -> ShapeTensor:
        """Pad."""
        return padding.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """Show the border."""
        return str(self.padding)


class ZeroPad2d(_Pad2d):
    """A border of zeros."""


class ConstantPad2d(_Pad2d):
    """A border of one number."""

    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value


class ReflectionPad2d(_Pad2d):
    """A border that mirrors the image."""

    mode = "reflect"


class ReplicationPad2d(_Pad2d):
    """A border that repeats the edge."""

    mode = "replicate"


class Upsample(Functional):
    """Resampling to another size."""

    operation, kept = resize.interpolate, ("size", "scale_factor", "mode", "align_corners")

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size, self.scale_factor, self.mode, self.align_corners = size, scale_factor, mode, align_corners
        self.recompute_scale_factor = recompute_scale_factor
