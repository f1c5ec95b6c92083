"""First layers of 3-d networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polynet import nn, ops
from polynet.models.blocks.video_convolution import (
    NormOptions,
    Triple,
    conv3d,
    factorised_width,
    norm3d,
    spatial,
    temporal,
)
from polynet.types import Tensor


class Base3DStem(nn.Module):
    """One convolution over time and space, normalised, and ReLU.

    Args:
        dim_in: Channels of the video.
        num_filters: Channels of the output.
        kernel_size: Of the convolution, along time, height and width.
        stride: Of the convolution.
        bn_params: Options of the normalisation.

    Source: EssentialMC2, `Base3DStem`, whose names the weights have.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     stem = Base3DStem(3, 8, (3, 7, 7), (1, 2, 2))
        >>> tuple(stem(ops.ones((1, 3, 4, 16, 16))).shape)
        (1, 8, 4, 8, 8)
    """

    def __init__(
        self, dim_in: int, num_filters: int, kernel_size: Triple, stride: Triple, bn_params: NormOptions = None
    ) -> None:
        super().__init__()
        self.a = conv3d(dim_in, num_filters, kernel_size, stride)
        self.a_bn = norm3d(num_filters, bn_params)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, dim_in, T, H, W)` to `(N, num_filters, T', H', W')`."""
        return ops.relu(self.a_bn(self.a(x)))


class Base2DStem(Base3DStem):
    """`Base3DStem` that sees each frame by itself: of kernel and stride the part along time does not count.

    Args:
        dim_in: Channels of the video.
        num_filters: Channels of the output.
        kernel_size: Of the convolution, along time, height and width.
        stride: Of the convolution.
        bn_params: Options of the normalisation.

    Source: EssentialMC2, `Base2DStem`, whose names the weights have.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     stem = Base2DStem(3, 8, (3, 7, 7), (2, 2, 2))
        >>> tuple(stem(ops.ones((1, 3, 4, 16, 16))).shape)
        (1, 8, 4, 8, 8)
    """

    def __init__(
        self, dim_in: int, num_filters: int, kernel_size: Triple, stride: Triple, bn_params: NormOptions = None
    ) -> None:
        super().__init__(dim_in, num_filters, spatial(kernel_size), spatial(stride), bn_params)


class DownSampleStem(Base3DStem):
    """`Base3DStem`, then a pooling that halves the height and width of each frame.

    Args:
        dim_in: Channels of the video.
        num_filters: Channels of the output.
        kernel_size: Of the convolution, along time, height and width.
        stride: Of the convolution.
        bn_params: Options of the normalisation.

    Source: EssentialMC2, `DownSampleStem`, whose names the weights have.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     stem = DownSampleStem(3, 8, (1, 7, 7), (1, 2, 2))
        >>> tuple(stem(ops.ones((1, 3, 4, 16, 16))).shape)
        (1, 8, 4, 4, 4)
    """

    def __init__(
        self, dim_in: int, num_filters: int, kernel_size: Triple, stride: Triple, bn_params: NormOptions = None
    ) -> None:
        super().__init__(dim_in, num_filters, kernel_size, stride, bn_params)
        self.maxpool = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, dim_in, T, H, W)` to `(N, num_filters, T', H' / 2, W' / 2)`."""
        return self.maxpool(super().forward(x))


class R2Plus1DStem(nn.Module):
    """A convolution within frames and one through them, each normalised and followed by ReLU.

    Args:
        dim_in: Channels of the video.
        num_filters: Channels of the output.
        kernel_size: Of the convolution they stand for, along time, height and width.
        stride: Of that convolution.
        bn_params: Options of the normalisations.
        mid_dim: The width between them; by default that of the paper's formula. torchvision has 45.

    Source: Tran et al. 2018, arXiv:1711.11248; EssentialMC2, `R2Plus1DStem`, whose names the weights have.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     stem = R2Plus1DStem(3, 8, (3, 7, 7), (1, 2, 2))
        >>> tuple(stem(ops.ones((1, 3, 4, 16, 16))).shape)
        (1, 8, 4, 8, 8)
    """

    def __init__(
        self,
        dim_in: int,
        num_filters: int,
        kernel_size: Triple,
        stride: Triple,
        bn_params: NormOptions = None,
        mid_dim: int | None = None,
    ) -> None:
        super().__init__()
        width = factorised_width(dim_in, num_filters, kernel_size) if mid_dim is None else mid_dim
        self.a1 = conv3d(dim_in, width, spatial(kernel_size), spatial(stride))
        self.a1_bn = norm3d(width, bn_params)
        self.a2 = conv3d(width, num_filters, temporal(kernel_size), temporal(stride))
        self.a2_bn = norm3d(num_filters, bn_params)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, dim_in, T, H, W)` to `(N, num_filters, T', H', W')`."""
        x = ops.relu(self.a1_bn(self.a1(x)))
        return ops.relu(self.a2_bn(self.a2(x)))


STEMS: Mapping[str, Callable[..., Any]] = {
    "Base2DStem": Base2DStem,
    "Base3DStem": Base3DStem,
    "DownSampleStem": DownSampleStem,
    "R2Plus1DStem": R2Plus1DStem,
}
"""EssentialMC2's names."""
