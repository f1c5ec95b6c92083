"""BERT as a backbone of texts (Devlin et al. 2018, arXiv:1810.04805)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from polynet import nn, ops
from polynet.errors import InputError, OptionError, suggest
from polynet.models.backbones.bert_parts import Activation, BertEmbeddings, BertEncoder, BertLayer, BertPooler
from polynet.nn.initialisers import Constant, TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import BACKBONES
from polynet.types import Tensor

OUT_TYPES = ("pooled", "cls", "mean", "raw")
STD = 0.02

_PREFIX = "bert."
_NO_BACKBONE = re.compile(r"cls\.|classifier\.|qa_outputs\.|embeddings\.position_ids$")
_TENSORFLOW = {"gamma": "weight", "beta": "bias"}
"""What the older of the published files call scale and shift of a normalisation."""


@BACKBONES.register(aliases=["BertModel"])
class Bert(nn.Module):
    """A transformer's encoder of texts, whose every token sees the whole text.

    Called with what a tokenizer made, it gives features of each text. The defaults are those of bert-base-uncased.
    Google's smaller ones have widths of 128, 256 or 512, a head for each 64 of them, 2 to 8 layers, and 4 times the
    width within. Names and shapes of the weights are those of transformers' `BertModel`, so its files load as they are;
    `from_published` takes what other files add to the names.

    Args:
        vocab_size: Tokens that there are.
        hidden_size: Width of a token.
        num_hidden_layers: Layers.
        num_attention_heads: Heads of each layer; they divide the width.
        intermediate_size: Width within the feed-forward networks; 4 times `hidden_size` by default.
        hidden_act: Activation of the feed-forward networks.
        hidden_dropout_prob: Probability of dropping a feature.
        attention_probs_dropout_prob: Probability of dropping an attention weight.
        max_position_embeddings: The most tokens of a row.
        type_vocab_size: Texts that may stand in one row.
        layer_norm_eps: What the normalisations add to the variance.
        pad_token_id: Number of the token that fills up rows; its embedding starts at 0 and is not trained.
        out_type: `"pooled"`: the first token through a linear layer and tanh; `"cls"`: the first token as it is;
            `"mean"`: the mean of the tokens that are no padding; `"raw"`: every token.

    Attributes:
        out_channels: Width of what comes out.
        vocab_size: Tokens that there are.
        max_position_embeddings: The most tokens of a row.

    Shapes:
        Token ids `(N, L)` to `(N, hidden_size)`; to `(N, L, hidden_size)` with `out_type="raw"`.

    Raises:
        OptionError: The heads do not divide the width, or there is no such `out_type`.

    Source: Google's BERT, `modeling.py`, whose truncated normal distribution weights start from; options and names are
        those of Hugging Face's transformers, `BertConfig` and `BertModel`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = Bert(vocab_size=30, hidden_size=8, num_hidden_layers=2, num_attention_heads=2)
        >>> ids, mask = ops.tensor([[2, 5, 3, 0]]), ops.tensor([[1, 1, 1, 0]])
        >>> tuple(net(ids, attention_mask=mask).shape)
        (1, 8)
    """

    recipe = Recipe(
        linear=TruncatedNormal(STD, -2 * STD, 2 * STD),
        embedding=TruncatedNormal(STD, -2 * STD, 2 * STD),
        bias=Constant(0.0),
    )

    def __init__(
        self,
        vocab_size: int = 30522,
        hidden_size: int = 768,
        num_hidden_layers: int = 12,
        num_attention_heads: int = 12,
        intermediate_size: int | None = None,
        hidden_act: Activation = "gelu",
        hidden_dropout_prob: float = 0.1,
        attention_probs_dropout_prob: float = 0.1,
        max_position_embeddings: int = 512,
        type_vocab_size: int = 2,
        layer_norm_eps: float = 1e-12,
        pad_token_id: int | None = 0,
        out_type: str = "pooled",
    ) -> None:
        super().__init__()
        if out_type not in OUT_TYPES:
            message = f"Bert: out_type is {', '.join(OUT_TYPES[:-1])} or {OUT_TYPES[-1]}, not {out_type!r}."
            raise OptionError(message + suggest(out_type, OUT_TYPES))
        if intermediate_size is None:
            intermediate_size = 4 * hidden_size
        drop, eps = hidden_dropout_prob, layer_norm_eps
        self.out_type = out_type
        self.out_channels = hidden_size
        self.vocab_size = vocab_size
        self.max_position_embeddings = max_position_embeddings
        self.embeddings = BertEmbeddings(
            vocab_size, hidden_size, max_position_embeddings, type_vocab_size, drop, eps, pad_token_id
        )
        layers = [
            BertLayer(
                hidden_size,
                num_attention_heads,
                intermediate_size,
                drop,
                attention_probs_dropout_prob,
                eps,
                hidden_act,
            )
            for _ in range(num_hidden_layers)
        ]
        self.encoder = BertEncoder(layers)
        self.pooler = BertPooler(hidden_size) if out_type == "pooled" else None

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> Tensor:
        """Features of texts.

        Args:
            input_ids: Token ids `(N, L)`.
            attention_mask: `(N, L)`: 1 for a token, 0 for padding, which no token looks at; all ones by default.
            token_type_ids: `(N, L)`, of which text of a pair each token is; of the first by default.
            position_ids: `(N, L)`, the place of each token; 0, 1, 2 … by default.

        Returns:
            As `out_type` has it.

        Raises:
            InputError: The shapes are others, or a row has more tokens than `max_position_embeddings`.
        """
        _check("input_ids", input_ids, None)
        for name, given in (
            ("attention_mask", attention_mask),
            ("token_type_ids", token_type_ids),
            ("position_ids", position_ids),
        ):
            if given is not None:
                _check(name, given, input_ids)
        x = self.embeddings(input_ids, token_type_ids, position_ids)
        allowed = None
        if attention_mask is not None:
            allowed = ops.unsqueeze(ops.unsqueeze(ops.cast(attention_mask, "bool"), 1), 1)
        x = self.encoder(x, allowed)
        if self.pooler is not None:
            return self.pooler(x)
        if self.out_type == "cls":
            return x[:, 0]
        return _mean(x, attention_mask) if self.out_type == "mean" else x

    def from_published(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Weights of a published file under the names that this network has for them.

        The prefix `bert.` is dropped, and so are heads, a pooling that this network has not, and numbers that are no
        weights; `gamma` and `beta` become `weight` and `bias`.

        Args:
            arrays: Weights by name, as `BertForPreTraining`, `BertForSequenceClassification` … have them.

        Returns:
            What is left of them.

        Example:
            >>> with polynet.use_backend("torch"):
            ...     net = Bert(vocab_size=30, hidden_size=8, num_hidden_layers=2, num_attention_heads=2)
            >>> list(net.from_published({"bert.embeddings.LayerNorm.gamma": 1, "cls.predictions.bias": 2}))
            ['embeddings.LayerNorm.weight']
        """
        found: dict[str, Any] = {}
        for name, array in arrays.items():
            own = name.removeprefix(_PREFIX)
            if _NO_BACKBONE.match(own) or (self.pooler is None and own.startswith("pooler.")):
                continue
            stem, _, leaf = own.rpartition(".")
            found[f"{stem}.{_TENSORFLOW[leaf]}" if stem and leaf in _TENSORFLOW else own] = array
        return found


def _check(name: str, given: Tensor, ids: Tensor | None) -> None:
    """See that numbers of tokens come in rows, and in as many as the token ids do."""
    shape = tuple(given.shape)
    if len(shape) != 2 or 0 in shape or (ids is not None and shape != tuple(ids.shape)):
        wanted = "(N, L), neither 0" if ids is None else f"the shape {tuple(ids.shape)} of the input_ids"
        message = f"Bert: {name} have {wanted}, and were given as {shape}."
        raise InputError(message)


def _mean(x: Tensor, attention_mask: Tensor | None) -> Tensor:
    """The mean of the tokens that are no padding."""
    if attention_mask is None:
        return ops.mean(x, dim=1)
    weights = ops.unsqueeze(ops.cast(ops.cast(attention_mask, "bool"), ops.dtype_name(x)), -1)
    return ops.sum(x * weights, dim=1) / ops.clamp(ops.sum(weights, dim=1), min=1)
