"""The head of VGG (Simonyan and Zisserman 2015, arXiv:1409.1556)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.models.blocks.activation import activation
from polynet.models.heads.head import Head
from polynet.registry import HEADS
from polynet.types import Tensor

_SIDE = 7


@HEADS.register()
class VGGHead(Head):
    """Mean over a grid of 7x7, then three linear layers with dropout between them.

    Args:
        w_in: Channels of the feature map.
        w_out: Classes.
        width: Width of the two hidden layers.
        dropout_prob: Probability of dropping a feature after each of them.
        act_name: Activation; see `polynet.models.blocks.activation.activation`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = VGGHead(8, 10, width=16)
        >>> tuple(head(ops.ones((2, 8, 14, 14))).shape)
        (2, 10)
    """

    classifier_path = "classifier.6"

    def __init__(
        self,
        w_in: int,
        w_out: int = 1000,
        width: int = 4096,
        dropout_prob: float = 0.5,
        act_name: str | Callable[..., Any] | None = "relu",
    ) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(_SIDE)
        self.classifier = nn.Sequential(
            nn.Linear(w_in * _SIDE * _SIDE, width),
            activation(act_name),
            nn.Dropout(dropout_prob),
            nn.Linear(width, width),
            activation(act_name),
            nn.Dropout(dropout_prob),
            nn.Linear(width, w_out),
        )

    def pre_logits(self, x: Tensor) -> Tensor:
        """What the last linear layer is given: `(N, width)`."""
        x = ops.flatten(self.avg_pool(x), 1)
        for layer in list(self.classifier)[:-1]:
            x = layer(x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(N, w_out)` of a feature map `(N, w_in, H, W)`."""
        return self.classifier(ops.flatten(self.avg_pool(x), 1))
