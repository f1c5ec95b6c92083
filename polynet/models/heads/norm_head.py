"""The head of ConvNeXt and the MetaFormers: what is normalised is the mean over positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.models.blocks.activation import activation
from polynet.models.blocks.normalisation import LayerNorm2d
from polynet.models.heads.head import Head
from polynet.registry import HEADS
from polynet.types import Tensor


@HEADS.register()
class NormHead(Head):
    """Mean over positions, layer normalisation, [linear layer, activation,] [dropout,] linear classifier.

    Args:
        w_in: Channels of the feature map.
        w_out: Classes.
        width: Width of the hidden linear layer; 0 leaves it out.
        dropout_prob: Probability of dropping a feature before the classifier.
        norm_first: Normalise the map, at each position, before the mean instead of the mean.
        norm_eps: What the normalisation adds to the variance.
        hidden_act_name: Activation after the hidden layer; see `polynet.models.blocks.activation.activation`.
        bias: Whether the classifier has a bias.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = NormHead(8, 10)
        >>> tuple(head(ops.ones((2, 8, 7, 7))).shape)
        (2, 10)
    """

    def __init__(
        self,
        w_in: int,
        w_out: int = 1000,
        width: int = 0,
        dropout_prob: float = 0.0,
        norm_first: bool = False,
        norm_eps: float = 1e-6,
        hidden_act_name: str | Callable[..., Any] | None = "gelu",
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.map_norm = LayerNorm2d(w_in, eps=norm_eps) if norm_first else None
        self.norm = None if norm_first else nn.LayerNorm(w_in, eps=norm_eps)
        self.hidden = nn.Linear(w_in, width) if width else None
        self.act: Any = activation(hidden_act_name) if width else None
        self.dropout = nn.Dropout(dropout_prob) if dropout_prob else None
        self.fc = nn.Linear(width or w_in, w_out, bias=bias)

    def pre_logits(self, x: Tensor) -> Tensor:
        """What the classifier is given: `(N, width or w_in)`."""
        if self.map_norm is not None:
            x = self.map_norm(x)
        x = ops.flatten(self.avg_pool(x), 1)
        if self.norm is not None:
            x = self.norm(x)
        if self.hidden is not None:
            x = self.act(self.hidden(x))
        return x if self.dropout is None else self.dropout(x)
