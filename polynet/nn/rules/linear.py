"""What the options of layers made of products must be: linear, embedding, attention and recurrent ones."""

from __future__ import annotations

from typing import Any

from polynet.errors import OptionError
from polynet.nn.arguments import choice, divides, flags, fraction, integer, number


def linear(owner: str, in_features: Any, out_features: Any, bias: Any = True, **_: Any) -> None:
    """The rule of `Linear`."""
    integer(owner, "in_features", in_features, lowest=1)
    integer(owner, "out_features", out_features, lowest=1)
    if bias is not True and bias is not False:
        flags(owner, bias=bias)


def embedding(
    owner: str,
    num_embeddings: Any,
    embedding_dim: Any,
    padding_idx: Any = None,
    max_norm: Any = None,
    norm_type: Any = 2.0,
    scale_grad_by_freq: Any = False,
    sparse: Any = False,
    **_: Any,
) -> None:
    """The rule of `Embedding`."""
    rows = integer(owner, "num_embeddings", num_embeddings, lowest=1)
    integer(owner, "embedding_dim", embedding_dim, lowest=1)
    if padding_idx is not None and not -rows <= integer(owner, "padding_idx", padding_idx, lowest=-rows) < rows:
        message = f"{owner}: padding_idx={padding_idx} must be within num_embeddings={num_embeddings}."
        raise OptionError(message)
    if max_norm is not None:
        number(owner, "max_norm", max_norm, above=0)
    if norm_type != float("inf"):
        number(owner, "norm_type", norm_type)
    flags(owner, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


def multihead_attention(
    owner: str,
    embed_dim: Any,
    num_heads: Any,
    dropout: Any = 0.0,
    bias: Any = True,
    add_bias_kv: Any = False,
    add_zero_attn: Any = False,
    kdim: Any = None,
    vdim: Any = None,
    batch_first: Any = False,
    **_: Any,
) -> None:
    """The rule of `MultiheadAttention`."""
    integer(owner, "embed_dim", embed_dim, lowest=1)
    integer(owner, "num_heads", num_heads, lowest=1)
    divides(owner, "num_heads", num_heads, "embed_dim", embed_dim)
    fraction(owner, "dropout", dropout)
    for name, width in (("kdim", kdim), ("vdim", vdim)):
        if width is not None:
            integer(owner, name, width, lowest=1)
    flags(owner, bias=bias, add_bias_kv=add_bias_kv, add_zero_attn=add_zero_attn, batch_first=batch_first)


def gru(
    owner: str,
    input_size: Any,
    hidden_size: Any,
    num_layers: Any = 1,
    bias: Any = True,
    batch_first: Any = False,
    dropout: Any = 0.0,
    bidirectional: Any = False,
    **_: Any,
) -> None:
    """The rule of `GRU`, and what other recurrent layers share with it."""
    integer(owner, "input_size", input_size, lowest=1)
    integer(owner, "hidden_size", hidden_size, lowest=1)
    integer(owner, "num_layers", num_layers, lowest=1)
    fraction(owner, "dropout", dropout)
    flags(owner, bias=bias, batch_first=batch_first, bidirectional=bidirectional)


def lstm(
    owner: str,
    input_size: Any,
    hidden_size: Any,
    num_layers: Any = 1,
    bias: Any = True,
    batch_first: Any = False,
    dropout: Any = 0.0,
    bidirectional: Any = False,
    proj_size: Any = 0,
    **_: Any,
) -> None:
    """The rule of `LSTM`."""
    gru(owner, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
    if integer(owner, "proj_size", proj_size) >= hidden_size:
        message = f"{owner}: proj_size={proj_size} must be smaller than hidden_size={hidden_size}."
        raise OptionError(message)


def rnn(
    owner: str,
    input_size: Any,
    hidden_size: Any,
    num_layers: Any = 1,
    nonlinearity: Any = "tanh",
    bias: Any = True,
    batch_first: Any = False,
    dropout: Any = 0.0,
    bidirectional: Any = False,
    **_: Any,
) -> None:
    """The rule of `RNN`."""
    choice(owner, "nonlinearity", nonlinearity, ("tanh", "relu"))
    gru(owner, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
