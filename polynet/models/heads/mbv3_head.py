"""The head of MobileNet v3 (Howard et al. 2019, arXiv:1905.02244)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.models.blocks.activation import activation
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import norm2d
from polynet.models.blocks.squeeze_excitation import SE
from polynet.models.heads.head import Head
from polynet.registry import HEADS
from polynet.types import Tensor


@HEADS.register()
class MBV3Head(Head):
    """1x1 convolution, normalisation, activation, mean, [SE,] linear, activation, [dropout,] linear classifier.

    Args:
        w_in: Channels of the feature map.
        w_out: Classes.
        width: Channels of the convolution.
        w_h: Width of the first linear layer.
        dropout_prob: Probability of dropping a feature before the classifier.
        se_r: Width of the squeeze-and-excitation as a share of `width`; 0 leaves it out.
        norm_name: Normalisation; see `polynet.models.blocks.normalisation.norm2d`.
        act_name: Activation; see `polynet.models.blocks.activation.activation`.
        bias: Whether the linear layers have biases.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = MBV3Head(8, 10, width=16, w_h=32)
        >>> tuple(head(ops.ones((2, 8, 7, 7))).shape)
        (2, 10)
    """

    def __init__(
        self,
        w_in: int,
        w_out: int = 1000,
        width: int = 960,
        w_h: int = 1280,
        dropout_prob: float = 0.0,
        se_r: float = 0.0,
        norm_name: str | Callable[..., Any] | None = "BN",
        act_name: str | Callable[..., Any] | None = "hswish",
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.conv = conv2d(w_in, width, 1)
        self.bn = norm2d(norm_name, width)
        self.act = activation(act_name)
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.se = SE(width, int(se_r * width), act_name) if se_r > 0.0 else None
        self.h_fc = nn.Linear(width, w_h, bias=bias)
        self.h_act = activation(act_name)
        self.dropout = nn.Dropout(dropout_prob) if dropout_prob else None
        self.fc = nn.Linear(w_h, w_out, bias=bias)

    def pre_logits(self, x: Tensor) -> Tensor:
        """What the classifier is given: `(N, w_h)`."""
        x = self.avg_pool(self.act(self.bn(self.conv(x))))
        if self.se is not None:
            x = self.se(x)
        x = self.h_act(self.h_fc(ops.flatten(x, 1)))
        return x if self.dropout is None else self.dropout(x)
