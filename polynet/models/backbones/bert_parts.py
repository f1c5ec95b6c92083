"""Parts of BERT (Devlin et al. 2018, arXiv:1810.04805), with the names that transformers gives them in checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polynet import nn, ops
from polynet.errors import InputError, OptionError
from polynet.models.blocks.activation import activation
from polynet.types import Tensor

Activation = str | Callable[..., Any]


class BertEmbeddings(nn.Module):
    """The sum of what token, place and text of a pair stand for, normalised.

    Args:
        vocab_size: Tokens that there are.
        hidden_size: Width of a token.
        max_position_embeddings: Places that there are.
        type_vocab_size: Texts that may stand in one row.
        drop: Probability of dropping a feature.
        eps: What the normalisation adds to the variance.
        pad_token_id: Number of the token whose row starts at 0 and is not trained; `None` for none.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     embeddings = BertEmbeddings(9, 4, 16)
        >>> tuple(embeddings(ops.tensor([[1, 2, 3]])).shape)
        (1, 3, 4)
    """

    def __init__(
        self,
        vocab_size: int,
        hidden_size: int,
        max_position_embeddings: int = 512,
        type_vocab_size: int = 2,
        drop: float = 0.0,
        eps: float = 1e-12,
        pad_token_id: int | None = 0,
    ) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, hidden_size, padding_idx=pad_token_id)
        self.position_embeddings = nn.Embedding(max_position_embeddings, hidden_size)
        self.token_type_embeddings = nn.Embedding(type_vocab_size, hidden_size)
        self.LayerNorm = nn.LayerNorm(hidden_size, eps=eps)
        self.dropout = nn.Dropout(drop)

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None, position_ids: Tensor | None = None
    ) -> Tensor:
        """Map token ids `(N, L)` to `(N, L, hidden_size)`.

        Args:
            input_ids: Token ids.
            token_type_ids: Of which text of a pair each token is; of the first by default.
            position_ids: The place of each token; 0, 1, 2 … by default.

        Raises:
            InputError: There are more tokens in a row than places.
        """
        length, places = input_ids.shape[1], self.position_embeddings.weight.shape[0]
        if position_ids is None and length > places:
            message = (
                f"A row has {length} tokens, and there are embeddings of {places} places (max_position_embeddings)."
            )
            raise InputError(message)
        # A slice serves as well as a look-up where it is known which rows are wanted.
        types, positions = self.token_type_embeddings.weight[0], self.position_embeddings.weight[:length]
        if token_type_ids is not None:
            types = self.token_type_embeddings(token_type_ids)
        if position_ids is not None:
            positions = self.position_embeddings(position_ids)
        return self.dropout(self.LayerNorm(self.word_embeddings(input_ids) + types + positions))


class SelfAttention(nn.Module):
    """Heads that look from every token at every token of its text.

    Args:
        dim: Width of a token.
        num_heads: Heads; they divide the width.
        attn_drop: Probability of dropping an attention weight.

    Attributes:
        prefix: What lengthens keys and values, where a tuner has put it there.

    Raises:
        OptionError: The heads do not divide the width.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     attention = SelfAttention(8, 2)
        >>> tuple(attention(ops.ones((1, 3, 8)), ops.tensor([[[[True, True, False]]]])).shape)
        (1, 3, 8)
    """

    def __init__(self, dim: int, num_heads: int, attn_drop: float = 0.0) -> None:
        super().__init__()
        if num_heads < 1 or dim % num_heads:
            message = f"BERT's attention: {num_heads} heads do not divide a width of {dim}."
            raise OptionError(message)
        self.num_heads = num_heads
        self.attn_drop = attn_drop
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.prefix: Any = None

    def forward(self, x: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Map `(N, L, dim)` to the same shape.

        Args:
            x: Tokens.
            allowed: bool, broadcasts to `(N, heads, L, L)`: which tokens are looked at.
        """
        batch, length, width = x.shape
        query, key, value = (self._heads(part(x)) for part in (self.query, self.key, self.value))
        if self.prefix is not None:
            key, value = self.prefix(key, value)
            allowed = None if allowed is None else self.prefix.allowed(allowed)
        dropped = self.attn_drop if self.training else 0.0
        x = ops.scaled_dot_product_attention(query, key, value, allowed, dropout_p=dropped)
        return ops.reshape(ops.transpose(x, 1, 2), (batch, length, width))

    def _heads(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        return ops.transpose(ops.reshape(x, (batch, length, self.num_heads, width // self.num_heads)), 1, 2)


class AddNorm(nn.Module):
    """A linear layer, dropout, and the sum with a shortcut normalised.

    Args:
        in_features: Width of the input.
        out_features: Width of the output and of the shortcut.
        drop: Probability of dropping a feature.
        eps: What the normalisation adds to the variance.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = AddNorm(4, 2)
        >>> tuple(layer(ops.ones((1, 4)), ops.ones((1, 2))).shape)
        (1, 2)
    """

    def __init__(self, in_features: int, out_features: int, drop: float = 0.0, eps: float = 1e-12) -> None:
        super().__init__()
        self.dense = nn.Linear(in_features, out_features)
        self.LayerNorm = nn.LayerNorm(out_features, eps=eps)
        self.dropout = nn.Dropout(drop)

    def forward(self, x: Tensor, shortcut: Tensor) -> Tensor:
        """`(..., in_features)` and `(..., out_features)` to the latter."""
        return self.LayerNorm(self.dropout(self.dense(x)) + shortcut)


class BertAttention(nn.Module):
    """Self-attention, added to its input and normalised.

    Args:
        dim: Width of a token.
        num_heads: Heads; they divide the width.
        drop: Probability of dropping a feature.
        attn_drop: Probability of dropping an attention weight.
        eps: What the normalisation adds to the variance.
    """

    def __init__(self, dim: int, num_heads: int, drop: float = 0.0, attn_drop: float = 0.0, eps: float = 1e-12) -> None:
        super().__init__()
        self.self = SelfAttention(dim, num_heads, attn_drop)
        self.output = AddNorm(dim, dim, drop, eps)

    def forward(self, x: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        return self.output(self.self(x, allowed), x)


class Intermediate(nn.Module):
    """A linear layer and an activation.

    Args:
        in_features: Width of the input.
        out_features: Width of the output.
        act_name: The activation.
    """

    def __init__(self, in_features: int, out_features: int, act_name: Activation = "gelu") -> None:
        super().__init__()
        self.dense = nn.Linear(in_features, out_features)
        self.act = activation(act_name)

    def forward(self, x: Tensor) -> Tensor:
        """`(..., in_features)` to `(..., out_features)`."""
        return self.act(self.dense(x))


class BertLayer(nn.Module):
    """Attention, then a feed-forward network, each added to its input and normalised after that.

    Args:
        dim: Width of a token.
        num_heads: Heads; they divide the width.
        intermediate_size: Width within the feed-forward network.
        drop: Probability of dropping a feature.
        attn_drop: Probability of dropping an attention weight.
        eps: What the normalisations add to the variance.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     layer = BertLayer(8, 2, 16)
        >>> tuple(layer(ops.ones((1, 3, 8))).shape)
        (1, 3, 8)
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        intermediate_size: int,
        drop: float = 0.0,
        attn_drop: float = 0.0,
        eps: float = 1e-12,
        act_name: Activation = "gelu",
    ) -> None:
        super().__init__()
        self.attention = BertAttention(dim, num_heads, drop, attn_drop, eps)
        self.intermediate = Intermediate(dim, intermediate_size, act_name)
        self.output = AddNorm(intermediate_size, dim, drop, eps)

    def forward(self, x: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        x = self.attention(x, allowed)
        return self.output(self.intermediate(x), x)


class BertEncoder(nn.Module):
    """Layers one after another.

    Args:
        layers: The layers.
    """

    def __init__(self, layers: list[Any]) -> None:
        super().__init__()
        self.layer = nn.ModuleList(layers)

    def forward(self, x: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        for layer in self.layer:
            x = layer(x, allowed)
        return x


class BertPooler(nn.Module):
    """A linear layer and a hyperbolic tangent, of each text's first token.

    Args:
        dim: Width of a token.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dense = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to `(N, dim)`."""
        return ops.tanh(self.dense(x[:, 0]))
