"""Feed-forward networks of transformers, with mmcv's and MMPretrain's options and names."""

from __future__ import annotations

import itertools
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.bricks.activation import build_activation_layer, build_dropout
from polynet.models.bricks.layer_config import LayerConfig
from polynet.models.bricks.layer_scale import layer_scale
from polynet.models.bricks.normalisation import build_norm
from polynet.types import Tensor

RELU: LayerConfig = {"type": "ReLU", "inplace": True}


class FFN(nn.Module):
    """Linear layers with an activation between them, for each token by itself, added to the input.

    Args:
        embed_dims: Width of a token.
        feedforward_channels: Width between the layers.
        num_fcs: Linear layers, at least 2.
        act_cfg: Activation.
        ffn_drop: Probability of dropping a feature.
        dropout_layer: Dropout before the addition; see `build_dropout`.
        add_identity: Whether to add the input.
        layer_scale_init_value: Where a scale before the addition starts; 0 for none.

    Raises:
        OptionError: There are fewer than two layers.

    Source: mmcv, `FFN`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     ffn = FFN(8, 32)
        >>> tuple(ffn(ops.ones((1, 5, 8))).shape)
        (1, 5, 8)
    """

    def __init__(
        self,
        embed_dims: int = 256,
        feedforward_channels: int = 1024,
        num_fcs: int = 2,
        act_cfg: LayerConfig = RELU,
        ffn_drop: float = 0.0,
        dropout_layer: LayerConfig | None = None,
        add_identity: bool = True,
        layer_scale_init_value: float = 0.0,
    ) -> None:
        super().__init__()
        if num_fcs < 2:
            message = f"FFN: num_fcs must be at least 2, not {num_fcs!r}."
            raise OptionError(message)
        self.embed_dims = embed_dims
        self.feedforward_channels = feedforward_channels
        self.add_identity = add_identity
        widths = [embed_dims] + [feedforward_channels] * (num_fcs - 1)
        hidden = [
            nn.Sequential(nn.Linear(w_in, w_out), build_activation_layer(act_cfg), nn.Dropout(ffn_drop))
            for w_in, w_out in itertools.pairwise(widths)
        ]
        self.layers = nn.Sequential(*hidden, nn.Linear(feedforward_channels, embed_dims), nn.Dropout(ffn_drop))
        self.dropout_layer = build_dropout(dropout_layer)
        self.gamma2 = layer_scale(embed_dims, layer_scale_init_value)

    def forward(self, x: Tensor, identity: Tensor | None = None) -> Tensor:
        """Map `(N, L, embed_dims)` to the same shape; `identity` is added in the place of the input."""
        out = self.layers(x)
        if self.gamma2 is not None:
            out = self.gamma2(out)
        out = self.dropout_layer(out)
        if not self.add_identity:
            return out
        return (x if identity is None else identity) + out


class SwiGLUFFN(nn.Module):
    """Two linear maps, one of which gates the other by SiLU, and a third (Shazeer 2020, arXiv:2002.05202).

    Args:
        embed_dims: Width of a token.
        feedforward_channels: Width within; that of a token by default.
        out_dims: Width of the output; that of a token by default.
        layer_scale_init_value: Where a scale before the addition starts; 0 for none.
        bias: Whether the linear layers have biases.
        dropout_layer: Dropout before the addition; see `build_dropout`.
        norm_cfg: Normalisation after the gate.
        add_identity: Whether to add the input, where widths allow.

    Source: MMPretrain, `SwiGLUFFN`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     ffn = SwiGLUFFN(8, 32)
        >>> tuple(ffn(ops.ones((1, 5, 8))).shape)
        (1, 5, 8)
    """

    def __init__(
        self,
        embed_dims: int,
        feedforward_channels: int | None = None,
        out_dims: int | None = None,
        layer_scale_init_value: float = 0.0,
        bias: bool = True,
        dropout_layer: LayerConfig | None = None,
        norm_cfg: LayerConfig | None = None,
        add_identity: bool = True,
    ) -> None:
        super().__init__()
        hidden = feedforward_channels or embed_dims
        self.embed_dims = embed_dims
        self.out_dims = out_dims or embed_dims
        self.w12 = nn.Linear(embed_dims, 2 * hidden, bias=bias)
        self.norm = None if norm_cfg is None else build_norm(norm_cfg, hidden)
        self.w3 = nn.Linear(hidden, self.out_dims, bias=bias)
        self.gamma2 = layer_scale(embed_dims, layer_scale_init_value)
        self.dropout_layer = build_dropout(dropout_layer)
        self.add_identity = add_identity and self.out_dims == embed_dims

    def forward(self, x: Tensor, identity: Tensor | None = None) -> Tensor:
        """Map `(N, L, embed_dims)` to `(N, L, out_dims)`; `identity` is added in the place of the input."""
        gate, value = ops.chunk(self.w12(x), 2, dim=-1)
        hidden = ops.silu(gate) * value
        if self.norm is not None:
            hidden = self.norm(hidden)
        out = self.w3(hidden)
        if self.gamma2 is not None:
            out = self.gamma2(out)
        out = self.dropout_layer(out)
        if not self.add_identity:
            return out
        return (x if identity is None else identity) + out


class SwiGLUFFNFused(SwiGLUFFN):
    """`SwiGLUFFN` of two thirds of the width within, rounded up to a multiple of 8, as DINOv2 has it.

    Args:
        embed_dims: Width of a token.
        feedforward_channels: Width of which two thirds are taken; that of a token by default.
        **options: Those of `SwiGLUFFN`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     SwiGLUFFNFused(8, 32).w3.in_features
        24
    """

    def __init__(self, embed_dims: int, feedforward_channels: int | None = None, **options: Any) -> None:
        width = int((feedforward_channels or embed_dims) * 2 / 3)
        super().__init__(embed_dims, -(-width // 8) * 8, **options)
