"""Blocks of GhostNet (Han et al. 2020, arXiv:1911.11907) and GhostNet v2 (Tang et al. 2022, arXiv:2211.12905).

Names of the parts are timm's, but for the squeeze-and-excitation's.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.models.blocks.activation import activation
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.models.blocks.squeeze_excitation import SE
from polynet.models.blocks.width import make_divisible
from polynet.types import Tensor

Name = str | Callable[..., Any] | None

rounded = functools.partial(make_divisible, divisor=4, round_limit=0.9)
"""How the family rounds widths."""


class GhostModule(nn.Module):
    """Half of the output by a 1x1 convolution, the other half from that by a depthwise 3x3 one, which costs little.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        attention: Scale the output by long-range attention (v2): two depthwise convolutions, along rows and columns, on
            the input halved in size. The input must then have at least two rows and columns.
        norm_name: Normalisation.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     module = GhostModule(8, 6, attention=True)
        >>> tuple(module(ops.ones((1, 8, 5, 5))).shape)
        (1, 6, 5, 5)
    """

    def __init__(
        self, w_in: int, w_out: int, attention: bool = False, norm_name: Name = "BN", act_name: Name = "relu"
    ) -> None:
        super().__init__()
        half = math.ceil(w_out / 2)
        self.w_out = w_out
        self.uneven = w_out % 2 == 1
        self.primary_conv = nn.Sequential(
            conv2d(w_in, half, 1), norm2d(norm_name, half), activation(act_name, owned=overwritable(norm_name))
        )
        self.cheap_operation = nn.Sequential(
            conv2d(half, half, 3, groups=half),
            norm2d(norm_name, half),
            activation(act_name, owned=overwritable(norm_name)),
        )
        self.halve = self.short_conv = None
        if attention:
            self.halve = nn.AvgPool2d(2, 2)
            self.short_conv = nn.Sequential(
                conv2d(w_in, w_out, 1),
                norm2d(norm_name, w_out),
                nn.Conv2d(w_out, w_out, (1, 5), padding=(0, 2), groups=w_out, bias=False),
                norm2d(norm_name, w_out),
                nn.Conv2d(w_out, w_out, (5, 1), padding=(2, 0), groups=w_out, bias=False),
                norm2d(norm_name, w_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H, W)`."""
        first = self.primary_conv(x)
        out = ops.cat((first, self.cheap_operation(first)), 1)
        if self.uneven:
            out = out[:, : self.w_out]
        if self.short_conv is None or self.halve is None:
            return out
        gate = ops.sigmoid(self.short_conv(self.halve(x)))
        return out * ops.interpolate(gate, size=(out.shape[2], out.shape[3]), mode="nearest")


class GhostBottleneck(nn.Module):
    """A ghost module that widens, [a depthwise convolution with stride, SE,] one that narrows, and a shortcut.

    Args:
        w_in: Channels of the input.
        w_mid: Channels between.
        w_out: Channels of the output.
        kernel: Side of the depthwise convolutions.
        stride: Stride; 1 leaves out the convolution between.
        se_r: Squeeze-and-excitation as a share of `w_mid`; 0 for none.
        attention: Whether the first ghost module has long-range attention (v2).
        drop_path_prob: Probability of dropping the block.
        norm_name: Normalisation.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = GhostBottleneck(8, 16, 12, stride=2, se_r=0.25)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 12, 2, 2)
    """

    def __init__(
        self,
        w_in: int,
        w_mid: int,
        w_out: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        se_r: float = 0.0,
        attention: bool = False,
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
    ) -> None:
        super().__init__()
        self.ghost1 = GhostModule(w_in, w_mid, attention, norm_name, act_name)
        self.conv_dw = self.bn_dw = None
        if stride > 1:
            self.conv_dw = conv2d(w_mid, w_mid, kernel, stride=stride, groups=w_mid)
            self.bn_dw = norm2d(norm_name, w_mid)
        self.se = SE(w_mid, rounded(w_mid * se_r), act_name, approx_sigmoid=True) if se_r > 0.0 else None
        self.ghost2 = GhostModule(w_mid, w_out, norm_name=norm_name, act_name=None)
        self.shortcut = None
        if w_in != w_out or stride > 1:
            self.shortcut = nn.Sequential(
                conv2d(w_in, w_in, kernel, stride=stride, groups=w_in),
                norm2d(norm_name, w_in),
                conv2d(w_in, w_out, 1),
                norm2d(norm_name, w_out),
            )
        self.drop_path = nn.DropPath(drop_path_prob) if drop_path_prob > 0.0 else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        shortcut = x if self.shortcut is None else self.shortcut(x)
        x = self.ghost1(x)
        if self.conv_dw is not None and self.bn_dw is not None:
            x = self.bn_dw(self.conv_dw(x))
        if self.se is not None:
            x = self.se(x)
        x = self.ghost2(x)
        return shortcut + (x if self.drop_path is None else self.drop_path(x))
