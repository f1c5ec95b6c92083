"""Cutting videos into tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polynet import nn, ops
from polynet.types import Tensor


class TubeletEmbeddingStem(nn.Module):
    """Cut a video into blocks of some frames and a square of pixels, and map each to a token.

    Args:
        num_input_channels: Channels of the video.
        dim: Width of a token.
        patch_size: Side of the square.
        tubelet_size: Frames of a block.
        bias: Whether tokens get a bias.

    Source: Arnab et al. 2021, arXiv:2103.15691, section 3.2; EssentialMC2 and Scepter, `TubeletEmbeddingStem`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     stem = TubeletEmbeddingStem(3, 8, patch_size=4)
        >>> tuple(stem(ops.ones((1, 3, 4, 8, 12))).shape)
        (1, 12, 8)
    """

    def __init__(
        self, num_input_channels: int, dim: int, patch_size: int, tubelet_size: int = 2, bias: bool = True
    ) -> None:
        super().__init__()
        self.tubelet_size = tubelet_size
        size = (tubelet_size, patch_size, patch_size)
        self.conv1 = nn.Conv3d(num_input_channels, dim, size, size, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, C, T, H, W)` to tokens `(N, L, dim)`, frame after frame, row after row."""
        return ops.transpose(ops.flatten(self.conv1(x), 2), 1, 2)


class PatchEmbedStem(TubeletEmbeddingStem):
    """Cut each frame of a video into squares and map each to a token.

    Args:
        num_input_channels: Channels of the video.
        dim: Width of a token.
        patch_size: Side of a square.
        bias: Whether tokens get a bias.

    Source: EssentialMC2 and Scepter, `PatchEmbedStem`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     stem = PatchEmbedStem(3, 8, patch_size=4)
        >>> tuple(stem(ops.ones((1, 3, 4, 8, 12))).shape)
        (1, 24, 8)
    """

    def __init__(self, num_input_channels: int, dim: int, patch_size: int, bias: bool = True) -> None:
        super().__init__(num_input_channels, dim, patch_size, tubelet_size=1, bias=bias)


EMBEDDINGS: Mapping[str, Callable[..., Any]] = {
    "PatchEmbedStem": PatchEmbedStem,
    "TubeletEmbeddingStem": TubeletEmbeddingStem,
}
"""EssentialMC2's names."""
