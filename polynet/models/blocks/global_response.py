"""Global response normalisation (Woo et al. 2023, arXiv:2301.00808)."""

from __future__ import annotations

import numpy as np

from polynet import nn, ops
from polynet.types import Tensor


class GlobalResponseNorm(nn.Module):
    """Scale each channel by how strong it is in the whole map, beside the mean strength of all channels.

    Scale and shift start at 0, so that the layer starts as an identity.

    Args:
        num_channels: C.
        eps: Added to the mean strength.
        channels_last: Whether maps are `(N, H, W, C)`; otherwise `(N, C, H, W)`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     norm = GlobalResponseNorm(3)
        >>> tuple(norm(ops.ones((1, 2, 2, 3))).shape)
        (1, 2, 2, 3)
    """

    def __init__(self, num_channels: int, eps: float = 1e-6, channels_last: bool = True) -> None:
        super().__init__()
        self.eps = eps
        self.channels_last = channels_last
        self.weight = nn.Parameter(np.zeros(num_channels, np.float32))
        self.bias = nn.Parameter(np.zeros(num_channels, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise; the shape stays."""
        weight, bias, places, channel = self.weight, self.bias, (1, 2), -1
        if not self.channels_last:
            weight, bias, places, channel = ops.reshape(weight, (-1, 1, 1)), ops.reshape(bias, (-1, 1, 1)), (2, 3), 1
        strength = ops.norm(x, dim=places, keepdim=True)
        strength = strength / (ops.mean(strength, channel, keepdim=True) + self.eps)
        # Scale and residual are joined while they are small, so that the map is read twice and not three times.
        return x * (weight * strength + 1.0) + bias
