"""Self-attention with MMPretrain's options and names."""

from __future__ import annotations

from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.bricks.activation import build_dropout
from polynet.models.bricks.layer_config import LayerConfig
from polynet.models.bricks.layer_scale import layer_scale
from polynet.types import Tensor


class MultiheadAttention(nn.Module):
    """Multi-head self-attention of tokens (Vaswani et al. 2017, arXiv:1706.03762).

    Args:
        embed_dims: Width of the output.
        num_heads: Heads; they divide the width.
        input_dims: Width of the input; that of the output by default.
        attn_drop: Probability of dropping an attention weight.
        proj_drop: Probability of dropping a feature.
        dropout_layer: Dropout after it; see `build_dropout`.
        qkv_bias: Whether queries, keys and values have biases.
        qk_scale: What scores are multiplied by; `(embed_dims / num_heads) ** -0.5` by default.
        proj_bias: Whether the projection has a bias.
        v_shortcut: Add the values to the output; for one head.
        layer_scale_init_value: Where a scale of the output starts; 0 for none.

    Attributes:
        prefix: What lengthens keys and values, where a tuner has put it there.

    Raises:
        OptionError: The heads do not divide the width.

    Source: MMPretrain, `MultiheadAttention`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     attention = MultiheadAttention(16, 2)
        >>> tuple(attention(ops.ones((1, 5, 16))).shape)
        (1, 5, 16)
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        input_dims: int | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        dropout_layer: LayerConfig | None = None,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        proj_bias: bool = True,
        v_shortcut: bool = False,
        layer_scale_init_value: float = 0.0,
    ) -> None:
        super().__init__()
        if num_heads < 1 or embed_dims % num_heads:
            message = f"MultiheadAttention: {num_heads} heads do not divide a width of {embed_dims}."
            raise OptionError(message)
        self.embed_dims = embed_dims
        self.num_heads = num_heads
        self.head_dims = embed_dims // num_heads
        self.scale = self.head_dims**-0.5 if qk_scale is None else qk_scale
        self.v_shortcut = v_shortcut
        self.attn_drop = attn_drop
        self.qkv = nn.Linear(input_dims or embed_dims, embed_dims * 3, bias=qkv_bias)
        self.proj = nn.Linear(embed_dims, embed_dims, bias=proj_bias)
        self.proj_drop = nn.Dropout(proj_drop)
        self.out_drop = build_dropout(dropout_layer)
        self.gamma1 = layer_scale(embed_dims, layer_scale_init_value)
        self.prefix: Any = None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, input_dims)` to `(N, L, embed_dims)`."""
        batch, length = x.shape[:2]
        qkv = ops.reshape(self.qkv(x), (batch, length, 3, self.num_heads, self.head_dims))
        query, key, value = ops.unbind(ops.permute(qkv, (2, 0, 3, 1, 4)))
        dropped = self.attn_drop if self.training else 0.0
        keys, values = (key, value) if self.prefix is None else self.prefix(key, value)
        x = ops.scaled_dot_product_attention(query, keys, values, dropout_p=dropped, scale=self.scale)
        x = self.proj_drop(self.proj(ops.reshape(ops.transpose(x, 1, 2), (batch, length, self.embed_dims))))
        if self.gamma1 is not None:
            x = self.gamma1(x)
        x = self.out_drop(x)
        return ops.squeeze(value, 1) + x if self.v_shortcut else x
