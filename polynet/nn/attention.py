"""Attention with several heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polynet.nn.module import Module
from polynet.nn.rules import linear as linear_rules
from polynet.types import Tensor


class MultiheadAttention(Module, native="MultiheadAttention", rule=linear_rules.multihead_attention):
    """Scaled dot-product attention in several heads, between learned projections of queries, keys and values.

    The projections' weights are one `in_proj_weight` of `(3 * embed_dim, embed_dim)`, or `q_proj_weight`,
    `k_proj_weight` and `v_proj_weight` where `kdim` or `vdim` differ; the result's is `out_proj`, a linear layer.

    Args:
        embed_dim: Length of queries and of the output; `num_heads` must divide it.
        num_heads: Number of heads.
        dropout: Probability of dropping an attention weight while training. Default 0.
        bias: Whether the projections have biases. Default `True`.
        add_bias_kv: Append a trained key and value to the sequences; not on MegEngine. Default `False`.
        add_zero_attn: Append a key and value of zeros; not on MegEngine. Default `False`.
        kdim: Length of keys. Default `embed_dim`.
        vdim: Length of values. Default `embed_dim`.
        batch_first: Whether the batch is axis 0 rather than axis 1. Default `False`, as in torch.

    Shapes:
        `layer(query, key, value)` takes `(L, N, embed_dim)`, `(S, N, kdim)` and `(S, N, vdim)`, or with the batch first
        under `batch_first=True`. It returns the output, shaped as the query, and the attention weights `(N, L, S)`,
        averaged over heads, or `None` where `need_weights=False`. `attn_mask` is `(L, S)` or `(N * num_heads, L, S)`,
        boolean (`True`: must not attend) or added to the scores; `key_padding_mask` is `(N, S)`.

    Source:
        Vaswani et al., "Attention Is All You Need", arXiv:1706.03762.

    Example:
        >>> tokens = ops.zeros((2, 5, 8))
        >>> output, weights = nn.MultiheadAttention(8, 2, batch_first=True)(tokens, tokens, tokens)
        >>> tuple(output.shape), tuple(weights.shape)
        ((2, 5, 8), (2, 5, 5))
    """

    if TYPE_CHECKING:
        embed_dim: int
        num_heads: int
        in_proj_weight: Tensor | None
        in_proj_bias: Tensor | None

        def __init__(
            self,
            embed_dim: int,
            num_heads: int,
            dropout: float = 0.0,
            bias: bool = True,
            add_bias_kv: bool = False,
            add_zero_attn: bool = False,
            kdim: int | None = None,
            vdim: int | None = None,
            batch_first: bool = False,
        ) -> None: ...
