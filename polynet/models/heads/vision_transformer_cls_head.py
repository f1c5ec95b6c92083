"""The head of vision transformers (Dosovitskiy et al. 2021, arXiv:2010.11929)."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from polynet import nn
from polynet.models.base_module import Sequential
from polynet.models.bricks.activation import build_activation_layer
from polynet.models.heads.mm_cls_head import ClsHead, Feats, check_width, last_of
from polynet.models.init_cfg import trunc_normal_init
from polynet.registry import HEADS
from polynet.types import Tensor

TANH: Mapping[str, Any] = MappingProxyType({"type": "Tanh"})
LINEAR_ZERO: Mapping[str, Any] = MappingProxyType({"type": "Constant", "layer": "Linear", "val": 0})


@HEADS.register
class VisionTransformerClsHead(ClsHead):
    """A linear classifier of the class token, in pre-training with a hidden layer before it.

    Args:
        num_classes: Classes.
        in_channels: Width of the token.
        hidden_dim: Width of the hidden layer; `None` for none.
        act_cfg: What follows the hidden layer.
        init_cfg: How weights start: the classifier at zero by default.
        **options: As `mmpretrain.ClsHead`.

    Source: MMPretrain, `VisionTransformerClsHead`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = VisionTransformerClsHead(10, 8, hidden_dim=16)
        >>> patches, token = ops.ones((2, 4, 8)), ops.ones((2, 8))
        >>> tuple(head(([patches, token],)).shape), tuple(head((token,)).shape)
        ((2, 10), (2, 10))
    """

    layers: Any

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        hidden_dim: int | None = None,
        act_cfg: Any = TANH,
        init_cfg: Any = LINEAR_ZERO,
        **options: Any,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **options)
        check_width("VisionTransformerClsHead", num_classes=num_classes, in_channels=in_channels)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.hidden_dim = hidden_dim
        layers: OrderedDict[str, Any] = OrderedDict()
        if hidden_dim is not None:
            check_width("VisionTransformerClsHead", hidden_dim=hidden_dim)
            layers["pre_logits"] = nn.Linear(in_channels, hidden_dim)
            layers["act"] = build_activation_layer(act_cfg)
        layers["head"] = nn.Linear(hidden_dim or in_channels, num_classes)
        self.layers = Sequential(layers)

    def init_weights(self) -> None:
        """Follow the rules, and draw the hidden layer with deviation `sqrt(1 / in_channels)`."""
        super().init_weights()
        if self.hidden_dim is not None and not self.loads_checkpoint:
            trunc_normal_init(self.layers.pre_logits, std=math.sqrt(1 / self.layers.pre_logits.in_features))

    def pre_logits(self, feats: Feats) -> Tensor:
        """The class token, which stands last where a stage gives several things, after the hidden layer."""
        token = last_of(last_of(feats))
        return token if self.hidden_dim is None else self.layers.act(self.layers.pre_logits(token))

    def forward(self, feats: Feats) -> Tensor:
        """Scores `(N, num_classes)`."""
        return self.layers.head(self.pre_logits(feats))
