"""A head of several linear layers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.models.base_module import BaseModule, ModuleList
from polynet.models.bricks.activation import build_activation_layer
from polynet.models.bricks.normalisation import build_norm_layer
from polynet.models.heads.mm_cls_head import ClsHead, Feats, check_width, last_of
from polynet.registry import HEADS
from polynet.types import Tensor

RELU: Mapping[str, Any] = MappingProxyType({"type": "ReLU"})


class LinearBlock(BaseModule):
    """A linear layer, and what may follow it: normalisation, activation, dropout."""

    def __init__(
        self, in_channels: int, out_channels: int, dropout_rate: float = 0.0, norm_cfg: Any = None, act_cfg: Any = None
    ) -> None:
        super().__init__()
        self.fc = nn.Linear(in_channels, out_channels)
        self.norm = None if norm_cfg is None else build_norm_layer(norm_cfg, out_channels)[1]
        self.act = None if act_cfg is None else build_activation_layer(act_cfg)
        self.dropout = nn.Dropout(dropout_rate) if dropout_rate > 0 else None

    def forward(self, x: Tensor) -> Tensor:
        """`(N, in_channels)` to `(N, out_channels)`."""
        x = self.fc(x)
        for layer in (self.norm, self.act, self.dropout):
            x = x if layer is None else layer(x)
        return x


@HEADS.register
class StackedLinearClsHead(ClsHead):
    """Hidden linear layers and a linear classifier.

    Args:
        num_classes: Classes.
        in_channels: Width of the features.
        mid_channels: Widths of the hidden layers.
        dropout_rate: Probability of dropping, after each hidden layer.
        norm_cfg: What normalises after each hidden layer, such as `{"type": "BN1d"}`.
        act_cfg: What follows that.
        **options: As `mmpretrain.ClsHead`.

    Source: MMPretrain, `StackedLinearClsHead`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = StackedLinearClsHead(10, 8, [16, 12])
        >>> head.fc.fc, tuple(head((ops.ones((2, 8)),)).shape)
        (Linear(in_features=12, out_features=10, bias=True), (2, 10))
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        mid_channels: Sequence[int],
        dropout_rate: float = 0.0,
        norm_cfg: Any = None,
        act_cfg: Any = RELU,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if not isinstance(mid_channels, Sequence) or isinstance(mid_channels, str) or not mid_channels:
            message = f"`mid_channels` of StackedLinearClsHead is a sequence of widths, not {mid_channels!r}."
            raise OptionError(message)
        widths = [in_channels, *mid_channels, num_classes]
        check_width("StackedLinearClsHead", num_classes=num_classes, in_channels=in_channels)
        check_width("StackedLinearClsHead", **{f"mid_channels[{i}]": width for i, width in enumerate(mid_channels)})
        self.in_channels = in_channels
        self.num_classes = num_classes
        blocks = [
            LinearBlock(wide, narrow, dropout_rate, norm_cfg, act_cfg)
            for wide, narrow in itertools.pairwise(widths[:-1])
        ]
        self.layers = ModuleList([*blocks, LinearBlock(widths[-2], num_classes)])

    @property
    def fc(self) -> Any:
        """The classifier."""
        return self.layers[-1]

    def pre_logits(self, feats: Feats) -> Tensor:
        """What the hidden layers give."""
        x = last_of(feats)
        for layer in list(self.layers)[:-1]:
            x = layer(x)
        return x

    def forward(self, feats: Feats) -> Tensor:
        """Scores `(N, num_classes)`."""
        return self.fc(self.pre_logits(feats))
