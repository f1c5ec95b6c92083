"""Multi-head attention, composed: MegEngine's own keeps all its weights in one vector and cannot print itself."""

from __future__ import annotations

import math

import megengine
import megengine.functional as F
import megengine.module as M
import numpy as np

from polynet.errors import InputError, UnsupportedError
from polynet.nn.rules import linear as rules
from polynet.types import Tensor
from polynet_megengine.half_precision import linear, matmul
from polynet_megengine.module import Module

from .initialisation import fill_uniform
from .linear import Linear


class MultiheadAttention(Module):
    """Attention with several heads (Vaswani et al., 2017), with torch's parameters and masks."""

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
    ) -> None:
        owner = type(self).__name__
        if add_bias_kv or add_zero_attn:
            message = f"{owner}: add_bias_kv and add_zero_attn are not supported on backend 'megengine'."
            raise UnsupportedError(message)
        rules.multihead_attention(owner, embed_dim, num_heads, dropout, kdim=kdim, vdim=vdim)
        super().__init__()
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.dropout = float(dropout)
        self.batch_first = bool(batch_first)
        same = self.kdim == embed_dim and self.vdim == embed_dim
        self.in_proj_weight = _zeros(3 * embed_dim, embed_dim) if same else None
        self.q_proj_weight = None if same else _zeros(embed_dim, embed_dim)
        self.k_proj_weight = None if same else _zeros(embed_dim, self.kdim)
        self.v_proj_weight = None if same else _zeros(embed_dim, self.vdim)
        self.in_proj_bias = _zeros(3 * embed_dim) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        if self.out_proj.bias is not None:
            M.init.zeros_(self.out_proj.bias)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Xavier's uniform distribution for the projections in (Glorot and Bengio, 2010)."""
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                fill_uniform(weight, math.sqrt(6 / sum(weight.shape)))

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend.

        Args:
            query: `(L, N, E)`, with `batch_first` `(N, L, E)`, or `(L, E)`.
            key: As `query`, S long.
            value: As `key`.
            key_padding_mask: `(N, S)`; true where a key is to be ignored, or numbers to be added to the scores.
            need_weights: Whether to return the attention weights.
            attn_mask: `(L, S)` or `(N * heads, L, S)`; true where not to attend, or numbers to be added.
            average_attn_weights: Return the mean over heads, not each head's.
            is_causal: A hint that `attn_mask` is the causal mask, which must be given, as in torch.

        Returns:
            The output, shaped as `query`, and weights `(N, L, S)` or `(N, heads, L, S)`, or `None`.
        """
        if is_causal and attn_mask is None:
            message = "MultiheadAttention: is_causal=True needs attn_mask to be given too."
            raise InputError(message)
        single = query.ndim == 2
        axis = 0 if self.batch_first or single else 1
        if single:
            query, key, value = (F.expand_dims(each, 0) for each in (query, key, value))
            key_padding_mask = None if key_padding_mask is None else F.expand_dims(key_padding_mask, 0)
        elif axis == 1:
            query, key, value = (F.swapaxes(each, 0, 1) for each in (query, key, value))
        self._check(query, key, value)
        heads = [self._split(each) for each in self._project(query, key, value)]
        output, weights = self._attend(heads, self._mask(query, key, attn_mask, key_padding_mask))
        output = F.swapaxes(output, 1, 2).reshape(query.shape)
        output = self.out_proj(output)
        if axis == 1:
            output = F.swapaxes(output, 0, 1)
        chosen = None
        if need_weights:
            chosen = F.mean(weights, axis=1) if average_attn_weights else weights
        if single:
            return F.squeeze(output, 0), None if chosen is None else F.squeeze(chosen, 0)
        return output, chosen

    def _check(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        shapes = [tuple(each.shape) for each in (query, key, value)]
        fits = all(len(shape) == 3 for shape in shapes) and all(shape[0] == shapes[0][0] for shape in shapes)
        widths = (self.embed_dim, self.kdim, self.vdim)
        if not fits or tuple(shape[2] for shape in shapes) != widths or shapes[1][1] != shapes[2][1]:
            message = (
                f"MultiheadAttention takes (N, L, {widths[0]}), (N, S, {widths[1]}) and (N, S, {widths[2]}), "
                f"not {shapes[0]}, {shapes[1]} and {shapes[2]} (batch first)."
            )
            raise InputError(message)

    def _project(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        size, bias = self.embed_dim, self.in_proj_bias
        if self.in_proj_weight is not None and query is key and key is value:
            together = linear(query, self.in_proj_weight, bias)
            return [together[:, :, at * size : (at + 1) * size] for at in range(3)]
        if self.in_proj_weight is not None:
            weights = [self.in_proj_weight[at * size : (at + 1) * size] for at in range(3)]
        else:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        biases = [None if bias is None else bias[at * size : (at + 1) * size] for at in range(3)]
        return [linear(*each) for each in zip((query, key, value), weights, biases, strict=True)]

    def _split(self, x: Tensor) -> Tensor:
        count, length, _ = x.shape
        return x.reshape(count, length, self.num_heads, self.head_dim).transpose(0, 2, 1, 3)

    def _mask(self, query: Tensor, key: Tensor, attn_mask: Tensor | None, padding: Tensor | None) -> Tensor | None:
        """One mask to be added, which broadcasts to `(N, heads, L, S)`."""
        count, length, source = query.shape[0], query.shape[1], key.shape[1]
        mask = None
        if attn_mask is not None:
            mask = _additive(attn_mask)
            allowed = {2: (length, source), 3: (count * self.num_heads, length, source)}
            if tuple(mask.shape) != allowed.get(mask.ndim):
                message = f"attn_mask must have shape {allowed[2]} or {allowed[3]}, not {tuple(mask.shape)}."
                raise InputError(message)
            mask = mask.reshape(-1, 1 if mask.ndim == 2 else self.num_heads, length, source)
        if padding is not None:
            if tuple(padding.shape) != (count, source):
                message = f"key_padding_mask must have shape {(count, source)}, not {tuple(padding.shape)}."
                raise InputError(message)
            keys = _additive(padding).reshape(count, 1, 1, source)
            mask = keys if mask is None else mask + keys
        return mask

    def _attend(self, heads: list[Tensor], mask: Tensor | None) -> tuple[Tensor, Tensor]:
        query, key, value = heads
        scores = matmul(query * (self.head_dim**-0.5), key, transpose_b=True)
        weights = F.softmax(scores if mask is None else scores + mask, axis=-1)
        if self.training and self.dropout > 0:
            weights = F.nn.dropout(weights, self.dropout, training=True)
        return matmul(weights, value), weights


def _zeros(*shape: int) -> Tensor:
    return megengine.Parameter(np.zeros(shape, np.float32))


def _additive(mask: Tensor) -> Tensor:
    """A boolean mask, true where not to attend, as numbers to be added to scores."""
    if mask.dtype.kind != "b":
        return mask
    closed = F.full(mask.shape, -math.inf, dtype="float32", device=mask.device)
    return F.where(mask, closed, F.zeros(mask.shape, dtype="float32", device=mask.device))
