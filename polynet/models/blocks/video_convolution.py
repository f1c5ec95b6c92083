"""Convolutions over time and space, normalised; and the width between the two halves of a factorised one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polynet import nn

Triple = Sequence[int]
"""Sizes along time, height and width."""

NormOptions = Mapping[str, Any] | None
"""Options of `nn.BatchNorm3d`; `None` for its defaults."""

STILL = (1, 1, 1)


def conv3d(dim_in: int, dim: int, kernel: Triple, stride: Triple = STILL, groups: int = 1) -> Any:
    """A convolution without biases, padded by half its kernel.

    Args:
        dim_in: Channels of the input.
        dim: Channels of the output.
        kernel: Size along time, height and width.
        stride: Stride along the same.
        groups: Groups of channels.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = conv3d(3, 8, (1, 7, 7), (1, 2, 2))
        >>> tuple(layer(ops.ones((1, 3, 4, 16, 16))).shape)
        (1, 8, 4, 8, 8)
    """
    padding = tuple(size // 2 for size in kernel)
    return nn.Conv3d(dim_in, dim, tuple(kernel), tuple(stride), padding, groups=groups, bias=False)


def norm3d(dim: int, options: NormOptions = None) -> Any:
    """Batch normalisation of videos, with the options given."""
    return nn.BatchNorm3d(dim, **(options or {}))


def factorised_width(dim_in: int, dim: int, kernel: Triple) -> int:
    """The width between a spatial and a temporal convolution with which both have as many weights as a full one.

    Source: Tran et al. 2018, arXiv:1711.11248, section 3.5.

    Example:
        >>> factorised_width(64, 64, (3, 3, 3))
        144
    """
    time, height, width = kernel
    return time * height * width * dim_in * dim // (height * width * dim_in + time * dim)


def spatial(kernel: Triple) -> tuple[int, int, int]:
    """The part of a kernel that stays within a frame."""
    return (1, kernel[1], kernel[2])


def temporal(kernel: Triple) -> tuple[int, int, int]:
    """The part of a kernel that goes through frames."""
    return (kernel[0], 1, 1)
