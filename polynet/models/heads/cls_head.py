"""BaseCls's usual head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.models.blocks.activation import activation
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.normalisation import norm2d
from polynet.models.heads.head import Head
from polynet.registry import HEADS
from polynet.types import Tensor


@HEADS.register()
class ClsHead(Head):
    """[1x1 convolution, normalisation, activation,] mean over positions, [dropout,] linear classifier.

    Args:
        w_in: Channels of the feature map.
        w_out: Classes.
        width: Channels of the convolution; 0 leaves it out.
        dropout_prob: Probability of dropping a feature before the classifier.
        norm_name: Normalisation; see `polynet.models.blocks.normalisation.norm2d`.
        act_name: Activation; see `polynet.models.blocks.activation.activation`.
        bias: Whether the classifier has a bias.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = ClsHead(8, 10)
        >>> tuple(head(ops.ones((2, 8, 7, 7))).shape)
        (2, 10)
    """

    def __init__(
        self,
        w_in: int,
        w_out: int = 1000,
        width: int = 0,
        dropout_prob: float = 0.0,
        norm_name: str | Callable[..., Any] | None = "BN",
        act_name: str | Callable[..., Any] | None = "relu",
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.width = width
        if width > 0:
            self.conv = conv2d(w_in, width, 1)
            self.bn = norm2d(norm_name, width)
            self.act = activation(act_name)
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout_prob) if dropout_prob else None
        self.fc = nn.Linear(width or w_in, w_out, bias=bias)

    def pre_logits(self, x: Tensor) -> Tensor:
        """What the classifier is given: `(N, width or w_in)`."""
        if self.width > 0:
            x = self.act(self.bn(self.conv(x)))
        x = ops.flatten(self.avg_pool(x), 1)
        return x if self.dropout is None else self.dropout(x)
