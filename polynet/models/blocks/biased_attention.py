"""The first half of BEiT's and EVA's attention: queries and values have biases, keys have none."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.types import Tensor


class BiasedAttention(nn.Module):
    """Projections of a self-attention, named as in BEiT (Bao et al. 2021, arXiv:2106.08254); a subclass attends.

    Args:
        dim: Width of a token.
        num_heads: Heads; they divide the width.
        qkv_bias: Whether queries and values have biases. A bias of keys would change nothing after the softmax.
        fused: One projection makes all three, with the biases beside it; else each has a layer of its own.
        attn_drop: Probability of dropping an attention weight.
        proj_drop: Probability of dropping an output.

    Raises:
        OptionError: The heads do not divide the width.
    """

    k_bias: Any

    def __init__(
        self,
        dim: int,
        num_heads: int,
        qkv_bias: bool = True,
        *,
        fused: bool = True,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        if num_heads < 1 or dim % num_heads:
            message = f"{type(self).__name__}: {num_heads} heads do not divide a width of {dim}."
            raise OptionError(message)
        if not 0.0 <= attn_drop <= 1.0:
            message = f"{type(self).__name__}: attn_drop is a probability, not {attn_drop!r}."
            raise OptionError(message)
        self.num_heads = num_heads
        self.attn_drop = attn_drop
        self.qkv: Any = None
        self.q_bias: Any = None
        if fused:
            self.qkv = nn.Linear(dim, dim * 3, bias=False)
            if qkv_bias:
                self.q_bias = nn.Parameter(np.zeros((dim,), np.float32))
                self.v_bias = nn.Parameter(np.zeros((dim,), np.float32))
                self.register_buffer("k_bias", ops.tensor(np.zeros((dim,), np.float32)), persistent=False)
        else:
            self.q_proj = nn.Linear(dim, dim, bias=qkv_bias)
            self.k_proj = nn.Linear(dim, dim, bias=False)
            self.v_proj = nn.Linear(dim, dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop) if proj_drop else None

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values `(N, heads, L, dim / heads)` of tokens `(N, L, dim)`."""
        batch, length, width = x.shape
        heads = (batch, length, self.num_heads, width // self.num_heads)
        if self.qkv is None:
            made = (self.q_proj(x), self.k_proj(x), self.v_proj(x))
            query, key, value = (ops.transpose(ops.reshape(each, heads), 1, 2) for each in made)
            return query, key, value
        if self.q_bias is None:
            stacked = self.qkv(x)
        else:
            stacked = ops.linear(x, self.qkv.weight, ops.cat([self.q_bias, self.k_bias, self.v_bias]))
        stacked = ops.permute(ops.reshape(stacked, (batch, length, 3, *heads[2:])), (2, 0, 3, 1, 4))
        query, key, value = ops.unbind(stacked)
        return query, key, value

    def attend(self, query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None = None) -> Tensor:
        """Tokens `(N, L, dim)` that attention makes of projections, `bias` added to its scores."""
        dropped = self.attn_drop if self.training else 0.0
        x = ops.scaled_dot_product_attention(query, key, value, bias, dropped)
        batch, heads, length, width = x.shape
        x = self.proj(ops.reshape(ops.transpose(x, 1, 2), (batch, length, heads * width)))
        return x if self.proj_drop is None else self.proj_drop(x)
