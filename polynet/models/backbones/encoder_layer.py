"""The encoder layer of MMPretrain's vision transformers."""

from __future__ import annotations

import functools
from typing import Any

from polynet.errors import OptionError
from polynet.models.base_module import BaseModule
from polynet.models.bricks.attention import MultiheadAttention
from polynet.models.bricks.drawing import draw_parameters
from polynet.models.bricks.feed_forward import FFN, SwiGLUFFNFused
from polynet.models.bricks.layer_config import LayerConfig
from polynet.models.bricks.normalisation import build_norm
from polynet.nn.initialisers import Normal, XavierUniform
from polynet.types import Tensor

GELU: LayerConfig = {"type": "GELU"}
LAYER_NORM: LayerConfig = {"type": "LN"}


class TransformerEncoderLayer(BaseModule):
    """Attention, then a feed-forward network, each normalised before and added to its input.

    Args:
        embed_dims: Width of a token.
        num_heads: Heads of the attention.
        feedforward_channels: Width within the feed-forward network.
        layer_scale_init_value: Where scales of both branches start; 0 for none.
        drop_rate: Probability of dropping a feature.
        attn_drop_rate: Probability of dropping an attention weight.
        drop_path_rate: Probability of dropping a branch.
        num_fcs: Linear layers of the feed-forward network.
        qkv_bias: Whether queries, keys and values have biases.
        ffn_type: `"origin"` or `"swiglu_fused"`.
        act_cfg: Activation.
        norm_cfg: Normalisations.
        init_cfg: How weights start; see `BaseModule`.

    Raises:
        OptionError: There is no such feed-forward network.

    Source: Dosovitskiy et al. 2021, arXiv:2010.11929; MMPretrain.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = TransformerEncoderLayer(16, 2, 32)
        >>> tuple(layer(ops.ones((1, 5, 16))).shape)
        (1, 5, 16)
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        layer_scale_init_value: float = 0.0,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        num_fcs: int = 2,
        qkv_bias: bool = True,
        ffn_type: str = "origin",
        act_cfg: LayerConfig = GELU,
        norm_cfg: LayerConfig = LAYER_NORM,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        dropped: LayerConfig | None = {"type": "DropPath", "drop_prob": drop_path_rate} if drop_path_rate else None
        self.embed_dims = embed_dims
        self.ln1 = build_norm(norm_cfg, embed_dims)
        self.attn = MultiheadAttention(
            embed_dims,
            num_heads,
            attn_drop=attn_drop_rate,
            proj_drop=drop_rate,
            dropout_layer=dropped,
            qkv_bias=qkv_bias,
            layer_scale_init_value=layer_scale_init_value,
        )
        self.ln2 = build_norm(norm_cfg, embed_dims)
        if ffn_type == "origin":
            make: Any = functools.partial(
                FFN, num_fcs=num_fcs, ffn_drop=drop_rate, dropout_layer=dropped, act_cfg=act_cfg
            )
        elif ffn_type == "swiglu_fused":
            make = SwiGLUFFNFused
        else:
            message = f"TransformerEncoderLayer: ffn_type is 'origin' or 'swiglu_fused', not {ffn_type!r}."
            raise OptionError(message)
        self.ffn = make(embed_dims, feedforward_channels, layer_scale_init_value=layer_scale_init_value)

    @property
    def norm1(self) -> Any:
        """The normalisation before the attention."""
        return self.ln1

    @property
    def norm2(self) -> Any:
        """The normalisation before the feed-forward network."""
        return self.ln2

    def init_weights(self) -> None:
        """Draw by `init_cfg`, then the feed-forward network by Glorot and Bengio's rule, its biases close to 0."""
        super().init_weights()
        for layer in self.ffn.modules():
            if hasattr(layer, "in_features"):
                draw_parameters(layer, weight=XavierUniform(), bias=Normal(1e-6))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, embed_dims)` to the same shape."""
        x = x + self.attn(self.ln1(x))
        return self.ffn(self.ln2(x), identity=x)
