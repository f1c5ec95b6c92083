"""Stems: what brings an image to the width and stride at which a network's stages begin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn
from polynet.models.blocks.activation import activation
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import norm2d, overwritable
from polynet.types import Tensor

Name = str | Callable[..., Any] | None


class ResStem(nn.Module):
    """ResNet's: 7x7 convolution with stride 2, normalisation, activation, 3x3 max pooling with stride 2.

    Args:
        w_in: Channels of the image.
        w_out: Channels of the output.
        norm_name: Normalisation.
        act_name: Activation.

    Attributes:
        stride: By how much it shrinks the image.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     stem = ResStem(3, 8)
        >>> tuple(stem(ops.ones((1, 3, 16, 16))).shape)
        (1, 8, 4, 4)
    """

    stride = 4

    def __init__(self, w_in: int, w_out: int, norm_name: Name = "BN", act_name: Name = "relu") -> None:
        super().__init__()
        self.conv = conv2d(w_in, w_out, 7, stride=2)
        self.bn = norm2d(norm_name, w_out)
        self.act = activation(act_name, owned=overwritable(norm_name))
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / 4, W / 4)`."""
        return self.pool(self.act(self.bn(self.conv(x))))


class ResDeepStem(nn.Module):
    """ResNet-D's (arXiv:1812.01187): three 3x3 convolutions, the first with stride 2, then 3x3 max pooling.

    Args:
        w_in: Channels of the image.
        w_out: Channels of the output; the first two convolutions have half as many.
        norm_name: Normalisation.
        act_name: Activation.

    Attributes:
        stride: By how much it shrinks the image.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     stem = ResDeepStem(3, 8)
        >>> tuple(stem(ops.ones((1, 3, 16, 16))).shape)
        (1, 8, 4, 4)
    """

    stride = 4

    def __init__(self, w_in: int, w_out: int, norm_name: Name = "BN", act_name: Name = "relu") -> None:
        super().__init__()
        width = w_out // 2
        self.a = conv2d(w_in, width, 3, stride=2)
        self.a_bn = norm2d(norm_name, width)
        self.a_act = activation(act_name, owned=overwritable(norm_name))
        self.b = conv2d(width, width, 3)
        self.b_bn = norm2d(norm_name, width)
        self.b_act = activation(act_name, owned=overwritable(norm_name))
        self.c = conv2d(width, w_out, 3)
        self.c_bn = norm2d(norm_name, w_out)
        self.c_act = activation(act_name, owned=overwritable(norm_name))
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / 4, W / 4)`."""
        x = self.a_act(self.a_bn(self.a(x)))
        x = self.b_act(self.b_bn(self.b(x)))
        x = self.c_act(self.c_bn(self.c(x)))
        return self.pool(x)


class SimpleStem(nn.Module):
    """3x3 convolution with stride 2, normalisation, activation.

    Args:
        w_in: Channels of the image.
        w_out: Channels of the output.
        norm_name: Normalisation.
        act_name: Activation.

    Attributes:
        stride: By how much it shrinks the image.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     stem = SimpleStem(3, 8)
        >>> tuple(stem(ops.ones((1, 3, 16, 16))).shape)
        (1, 8, 8, 8)
    """

    stride = 2

    def __init__(self, w_in: int, w_out: int, norm_name: Name = "BN", act_name: Name = "relu") -> None:
        super().__init__()
        self.conv = conv2d(w_in, w_out, 3, stride=2)
        self.bn = norm2d(norm_name, w_out)
        self.act = activation(act_name, owned=overwritable(norm_name))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / 2, W / 2)`."""
        return self.act(self.bn(self.conv(x)))
