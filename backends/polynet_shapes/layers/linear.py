"""Linear layers, look-up tables, and attention with several heads."""

from __future__ import annotations

from polynet.errors import InputError
from polynet_shapes.layers.functional import register, require
from polynet_shapes.module import Module
from polynet_shapes.ops.linear import bmm, embedding, linear
from polynet_shapes.tensor import ShapeParameter, ShapeTensor


class Linear(Module):
    """`x @ weight.T + bias`."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        register(self, "weight", (out_features, in_features))
        register(self, "bias", (out_features,), bias)

    def forward(self, input: ShapeTensor) -> ShapeTensor:
        """Multiply."""
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Show the sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Embedding(Module):
    """A trained table of rows."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> None:
        super().__init__()
        if padding_idx is not None:
            inside = -num_embeddings <= padding_idx < num_embeddings
            require(inside, self, f"padding_idx {padding_idx} lies outside a table of {num_embeddings} rows.")
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        register(self, "weight", (num_embeddings, embedding_dim))

    def forward(self, input: ShapeTensor) -> ShapeTensor:
        """Look up."""
        return embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """Show the sizes."""
        return f"{self.num_embeddings}, {self.embedding_dim}"


class MultiheadAttention(Module):
    """Attention with several heads."""

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
        super().__init__()
        divides = num_heads > 0 and embed_dim % num_heads == 0
        require(divides, self, f"num_heads ({num_heads}) must divide embed_dim ({embed_dim}).")
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.head_dim = embed_dim // num_heads
        self.add_zero_attn = add_zero_attn
        same = self.kdim == self.vdim == embed_dim
        register(self, "in_proj_weight", (3 * embed_dim, embed_dim), same)
        register(self, "q_proj_weight", (embed_dim, embed_dim), not same)
        register(self, "k_proj_weight", (embed_dim, self.kdim), not same)
        register(self, "v_proj_weight", (embed_dim, self.vdim), not same)
        register(self, "in_proj_bias", (3 * embed_dim,), bias)
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias)
        register(self, "bias_k", (1, 1, embed_dim), add_bias_kv)
        register(self, "bias_v", (1, 1, embed_dim), add_bias_kv)

    def forward(
        self,
        query: ShapeTensor,
        key: ShapeTensor,
        value: ShapeTensor,
        key_padding_mask: ShapeTensor | None = None,
        need_weights: bool = True,
        attn_mask: ShapeTensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[ShapeTensor, ShapeTensor | None]:
        """The output, shaped as the query, and the attention weights where they are needed."""
        batched = self._check_inputs(query, key, value)
        batch_axis = 0 if self.batch_first else 1
        count = query.shape[batch_axis] if batched else 1
        length_axis = 1 - batch_axis if batched else 0
        length, keys = query.shape[length_axis], key.shape[length_axis]
        for tensor, width in ((query, self.embed_dim), (key, self.kdim), (value, self.vdim)):
            linear(tensor, ShapeParameter((self.embed_dim, width), tensor.dtype))
        self._check_masks(key_padding_mask, attn_mask, count, length, keys, batched)
        keys += (self.bias_k is not None) + self.add_zero_attn
        heads = query.like((count * self.num_heads, length, self.head_dim))
        scores = bmm(heads, query.like((count * self.num_heads, self.head_dim, keys)))
        bmm(scores, query.like((count * self.num_heads, keys, self.head_dim)))
        output = self.out_proj(query.like(query.shape))
        if not need_weights:
            return output, None
        per_head = () if average_attn_weights else (self.num_heads,)
        return output, query.like((*((count,) if batched else ()), *per_head, length, keys))

    def _check_inputs(self, query: ShapeTensor, key: ShapeTensor, value: ShapeTensor) -> bool:
        """Whether there is a batch; refuses inputs that do not go together."""
        widths = (self.embed_dim, self.kdim, self.vdim)
        inputs = (query, key, value)
        fits = query.ndim in (2, 3) and query.ndim == key.ndim == value.ndim and key.shape[:-1] == value.shape[:-1]
        fits = fits and all(tensor.shape[-1] == width for tensor, width in zip(inputs, widths, strict=True))
        if fits and query.ndim == 3:
            axis = 0 if self.batch_first else 1
            fits = query.shape[axis] == key.shape[axis]
        if not fits:
            message = (
                f"MultiheadAttention needs query, key and value of the widths {list(widths)}, in one batch; "
                f"{', '.join(str(list(tensor.shape)) for tensor in inputs)} were given."
            )
            raise InputError(message)
        return query.ndim == 3

    def _check_masks(
        self,
        key_padding_mask: ShapeTensor | None,
        attn_mask: ShapeTensor | None,
        count: int,
        length: int,
        keys: int,
        batched: bool,
    ) -> None:
        allowed = {(length, keys), (count * self.num_heads, length, keys)}
        if attn_mask is not None and attn_mask.shape not in allowed:
            message = f"attn_mask must be {' or '.join(map(str, sorted(allowed, key=len)))}, not {attn_mask.shape}."
            raise InputError(message)
        expected = (count, keys) if batched else (keys,)
        if key_padding_mask is not None and key_padding_mask.shape != expected:
            message = f"key_padding_mask must be {expected}, not {key_padding_mask.shape}."
            raise InputError(message)
