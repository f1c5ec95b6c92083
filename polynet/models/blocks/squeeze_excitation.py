"""Squeeze-and-excitation (Hu et al. 2018, arXiv:1709.01507)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn
from polynet.models.blocks.activation import activation
from polynet.models.blocks.convolution import conv2d
from polynet.types import Tensor


class SE(nn.Module):
    """Scale each channel by a weight computed from the means of all of them.

    Args:
        w_in: Channels.
        w_se: Width of the bottleneck.
        act_name: Activation in the bottleneck.
        approx_sigmoid: Use the piecewise linear sigmoid of MobileNet v3.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     se = SE(8, 2)
        >>> tuple(se(ops.ones((1, 8, 4, 4))).shape)
        (1, 8, 4, 4)
    """

    def __init__(
        self, w_in: int, w_se: int, act_name: str | Callable[..., Any] | None = "relu", approx_sigmoid: bool = False
    ) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.f_ex = nn.Sequential(
            conv2d(w_in, w_se, 1, bias=True),
            activation(act_name),
            conv2d(w_se, w_in, 1, bias=True),
            activation("hsigmoid" if approx_sigmoid else "sigmoid"),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Scale `(N, C, H, W)`; the shape stays."""
        return x * self.f_ex(self.avg_pool(x))
