"""Prefix tuning: trained keys and values stand before those of the tokens in every attention.

Li and Liang 2021, "Prefix-Tuning", arXiv:2101.00190; Scepter, `Prefix`. The keys and values themselves are trained, as
in the latter, and not a network that makes them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.models.backbones.bert_parts import SelfAttention
from polynet.models.blocks.transformer import Attention
from polynet.models.blocks.video_layer import VideoAttention
from polynet.models.bricks.attention import MultiheadAttention
from polynet.models.tuners.targets import Patterns, Place
from polynet.models.tuners.tuner import Insert, Tuner
from polynet.nn import Recipe, XavierUniform
from polynet.nn.arguments import integer
from polynet.registry import TUNERS
from polynet.types import Tensor

_ATTENTIONS: Any = (Attention, MultiheadAttention, SelfAttention, VideoAttention)
"""Those that look at a `prefix` of theirs."""


class KeysAndValues(Insert):
    """Keys and values of tokens that are not there.

    Args:
        length: How many tokens.
        num_heads: Heads of the attention.
        width: Width of keys and values, all heads together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     prefix = KeysAndValues(2, num_heads=3, width=12)
        >>> [tuple(each.shape) for each in prefix(ops.ones((1, 3, 5, 4)), ops.ones((1, 3, 5, 4)))]
        [(1, 3, 7, 4), (1, 3, 7, 4)]
    """

    recipe = Recipe(named=(("prefix_key", XavierUniform()), ("prefix_value", XavierUniform())))

    def __init__(self, length: int, num_heads: int, width: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.prefix_key: Tensor = nn.Parameter(np.zeros((length, width), np.float32))
        self.prefix_value: Tensor = nn.Parameter(np.zeros((length, width), np.float32))

    def forward(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values `(N, heads, L, width)` with the prefix before them."""
        return self._longer(self.prefix_key, key), self._longer(self.prefix_value, value)

    def allowed(self, mask: Tensor) -> Tensor:
        """A mask of which tokens are looked at, `(…, L)`, with the prefix before them, which every token looks at."""
        shape = (*mask.shape[:-1], self.prefix_key.shape[0])
        return ops.cat([ops.ones(shape, dtype="bool", like=mask), mask], -1)

    def _longer(self, prefix: Tensor, x: Tensor) -> Tensor:
        heads = ops.transpose(ops.reshape(prefix, (1, prefix.shape[0], self.num_heads, -1)), 1, 2)
        return ops.cat([ops.expand(heads, (x.shape[0], -1, -1, -1)), x], 2)


@TUNERS.register()
class Prefix(Tuner):
    """Prefixes: in each attention, trained keys and values that every token sees beside those of the tokens.

    A fresh one changes the output: tokens look at it too.

    Args:
        length: How many pairs of key and value in each attention.
        target: Which attentions, of the transformers of images, videos and texts; by default all but those of videos
            that go along one axis.
        train: Patterns of modules or parameters of the network to be trained beside it.

    Raises:
        OptionError: A length below 1.

    Source: Li and Liang 2021, arXiv:2101.00190; Scepter, `Prefix`.

    Example:
        >>> net = polynet.build("vit_tiny_patch16_224", backend="torch", num_classes=10)
        >>> print(Prefix(length=4).apply(net))
        Prefix on 12 modules: 18,432 of 5,544,778 parameters trained (0.33 %)
    """

    child = "prefix"

    def __init__(self, length: int = 10, target: Patterns = None, train: Patterns = ()) -> None:
        super().__init__(target, train)
        self.length = integer(self.name, "length", length, lowest=1)

    def takes(self, layer: Any) -> bool:
        """Attentions that look at a prefix: those classes, and classes derived from them that compute the same."""
        computing = getattr(type(layer), "forward", None)
        known = any(isinstance(layer, each) and computing is each.forward for each in _ATTENTIONS)
        return known and getattr(layer, "along", None) is None

    def make(self, place: Place) -> Insert:
        """The keys and values."""
        layer: Any = place.layer
        fused = getattr(layer, "qkv", None) or getattr(layer, "to_qkv", None)
        width = layer.key.out_features if fused is None else fused.out_features // 3
        return KeysAndValues(self.length, layer.num_heads, width)

    def disconnect(self, place: Place) -> None:
        """Leave the attention as it was built: without a prefix."""
        place.layer.prefix = None
