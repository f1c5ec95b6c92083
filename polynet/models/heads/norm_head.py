"""The head of ConvNeXt and the MetaFormers: what is normalised is the mean over positions, or the map before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
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
        norm_whole_map: Normalise the map, all channels and positions together, before the mean instead of the mean, as
            PoolFormer's authors and MMPretrain do. The names of the weights are those of the normalised mean, so that
            weights of one form fit the other; of a map of one pixel the numbers are the same too.
        norm_eps: What the normalisation adds to the variance.
        hidden_act_name: Activation after the hidden layer; see `polynet.models.blocks.activation.activation`.
        bias: Whether the classifier has a bias.

    Raises:
        OptionError: Both `norm_first` and `norm_whole_map` are given.

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
        norm_whole_map: bool = False,
    ) -> None:
        super().__init__()
        if norm_first and norm_whole_map:
            message = (
                "NormHead: norm_first normalises the map at each position, norm_whole_map all positions together; "
                "give one of them."
            )
            raise OptionError(message)
        self.norm_whole_map = norm_whole_map
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.map_norm: Any = LayerNorm2d(w_in, eps=norm_eps) if norm_first else None
        self.norm: Any = None if norm_first else _joint_norm(w_in, norm_eps, norm_whole_map)
        self.hidden = nn.Linear(w_in, width) if width else None
        self.act: Any = activation(hidden_act_name) if width else None
        self.dropout = nn.Dropout(dropout_prob) if dropout_prob else None
        self.fc = nn.Linear(width or w_in, w_out, bias=bias)

    def pre_logits(self, x: Tensor) -> Tensor:
        """What the classifier is given: `(N, width or w_in)`."""
        norm_map = self.norm if self.norm_whole_map else self.map_norm
        if norm_map is not None:
            x = norm_map(x)
        x = ops.flatten(self.avg_pool(x), 1)
        if norm_map is None:
            x = self.norm(x)
        if self.hidden is not None:
            x = self.act(self.hidden(x))
        return x if self.dropout is None else self.dropout(x)


def _joint_norm(width: int, eps: float, whole_map: bool) -> Any:
    """Normalisation of everything at once: of a map `(N, C, H, W)`, or of its mean `(N, C)`."""
    return nn.GroupNorm(1, width, eps=eps) if whole_map else nn.LayerNorm(width, eps=eps)
