"""Layouts of LeViT and MobileViT in MMPretrain 1.2 (`mmpretrain.models`): convolutions before or between attention.

The names are facts read from the state dictionaries of its models.
"""

from __future__ import annotations

from math import isqrt

import numpy as np

from polynet.weights.elements import Array
from polynet.weights.layouts.constants import Constant
from polynet.weights.layouts.layout import Layout, Rule

_STAGE = "layers.{stage}."
_BLOCK = _STAGE + "blocks.{block}."
_HALVES = _STAGE + "downsample.attn_downsample.attention_biases"
_THERE = "backbone.stages.{stage}."


def index_of_offsets(biases: Array, stride: int = 1) -> Array:
    """The index that LeViT keeps beside its attention biases `(heads, offsets)`: queries by keys.

    Args:
        biases: One number for each head and each pair of distances, up and across.
        stride: How many places of the keys a place of the queries covers.

    Example:
        >>> index_of_offsets(np.zeros((1, 4)))[0].tolist()
        [0, 1, 2, 3]
    """
    side = isqrt(biases.shape[1])
    keys = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij")).reshape(2, -1)
    queries = np.stack(np.meshgrid(*(np.arange(0, side, stride),) * 2, indexing="ij")).reshape(2, -1)
    up, across = np.abs(queries[:, :, None] - keys[:, None, :])
    return np.asarray(up * side + across, np.int64)


def index_of_halving_offsets(biases: Array) -> Array:
    """The index beside the biases of an attention that halves the map.

    Example:
        >>> index_of_halving_offsets(np.zeros((1, 9))).shape
        (4, 9)
    """
    return index_of_offsets(biases, stride=2)


def _normalised(ours: str, theirs: str, when: str = "") -> tuple[Rule, Rule]:
    """A linear layer with its normalisation."""
    return (
        Rule(f"{ours}.linear.{{leaf}}", f"{theirs}.linear.{{leaf}}", when=when),
        Rule(f"{ours}.bn.{{leaf}}", f"{theirs}.bn.{{leaf}}", when=when),
    )


def _levit_blocks(when: str, before: int) -> tuple[Rule, ...]:
    """A block is two entries of a stage's list; what halves the map, where it does, is the first two."""
    attention, feed_forward = (f"{_THERE}{{2*block+{before + entry}}}.block." for entry in (0, 1))
    return (
        Rule(_BLOCK + "attn.attention_biases", attention + "attention_biases", when=when),
        *_normalised(_BLOCK + "attn.qkv", attention + "qkv", when),
        *_normalised(_BLOCK + "attn.proj.ln", attention + "proj.1", when),
        *_normalised(_BLOCK + "mlp.ln{item}", feed_forward + "linear{item}", when),
    )


_LEVIT = (
    Rule("stem.conv{item}.linear.{leaf}", "backbone.patch_embed.patch_embed.{2*item-2}.conv.{leaf}"),
    Rule("stem.conv{item}.bn.{leaf}", "backbone.patch_embed.patch_embed.{2*item-2}.bn.{leaf}"),
    *_levit_blocks("!" + _HALVES, 0),
    *_levit_blocks(_HALVES, 2),
    Rule(_HALVES, _THERE + "0.attention_biases"),
    *_normalised(_STAGE + "downsample.attn_downsample.kv", _THERE + "0.kv"),
    *_normalised(_STAGE + "downsample.attn_downsample.q.ln", _THERE + "0.q.1"),
    *_normalised(_STAGE + "downsample.attn_downsample.proj.ln", _THERE + "0.proj.1"),
    *_normalised(_STAGE + "downsample.mlp.ln{item}", _THERE + "1.block.linear{item}"),
    *_normalised("head", "head.head"),
    *_normalised("head_dist", "head.head_dist"),
)

_MOBILE = "s{stage}.{block}."
_MOBILE_THERE = "backbone.layers.{stage-1}.{block}."
_UNITS = {
    **{f"conv{item + 1}_{size}": f"conv.{item}" for item, size in enumerate(("1x1", "kxk", "1x1"))},
    "conv_kxk": "local_rep.0",
    "conv_proj": "conv_proj",
    "conv_fusion": "conv_fusion",
}
_ENCODER = _MOBILE + "transformer.{layer}."
_ENCODER_THERE = _MOBILE_THERE + "global_rep.{layer}."
_DEEPEST = 12
"""More layers than a transformer of MobileViT's has; four at most in the paper's."""
_MOBILEVIT = (
    *(Rule(f"stem.{part}.{{leaf}}", f"backbone.stem.{part}.{{leaf}}") for part in ("conv", "bn")),
    *(
        Rule(f"{_MOBILE}{ours}.{part}.{{leaf}}", f"{_MOBILE_THERE}{theirs}.{part}.{{leaf}}")
        for ours, theirs in _UNITS.items()
        for part in ("conv", "bn")
    ),
    Rule(_MOBILE + "conv_1x1.{leaf}", _MOBILE_THERE + "local_rep.1.conv.{leaf}"),
    Rule(_ENCODER + "norm{number}.{leaf}", _ENCODER_THERE + "ln{number}.{leaf}"),
    Rule(_ENCODER + "attn.qkv.{leaf}", _ENCODER_THERE + "attn.qkv.{leaf}"),
    Rule(_ENCODER + "attn.proj.{leaf}", _ENCODER_THERE + "attn.proj.{leaf}"),
    Rule(_ENCODER + "ffn.fc1.{leaf}", _ENCODER_THERE + "ffn.layers.0.0.{leaf}"),
    Rule(_ENCODER + "ffn.fc2.{leaf}", _ENCODER_THERE + "ffn.layers.1.{leaf}"),
    # The norm after the last layer is the next entry of their list.
    *(
        Rule(
            _MOBILE + "norm.{leaf}",
            f"{_MOBILE_THERE}global_rep.{depth}.{{leaf}}",
            when=f"{_MOBILE}transformer.{depth - 1}.norm1.weight !{_MOBILE}transformer.{depth}.norm1.weight",
        )
        for depth in range(1, _DEEPEST)
    ),
    Rule("head.conv.{leaf}", "backbone.conv_1x1_exp.conv.{leaf}"),
    Rule("head.bn.{leaf}", "backbone.conv_1x1_exp.bn.{leaf}"),
    Rule("head.fc.{leaf}", "head.fc.{leaf}"),
)

LAYOUTS = (
    Layout(
        "mmpretrain",
        "levit",
        _LEVIT,
        constants=(
            *(
                Constant(
                    f"layers.{stage}.blocks.{{block}}.attn.attention_biases",
                    f"backbone.stages.{stage}.{{2*block+{before}}}.block.attention_bias_idxs",
                    index_of_offsets,
                )
                for stage, before in ((0, 0), (1, 2), (2, 2))
            ),
            Constant(_HALVES, _THERE + "0.attention_bias_idxs", index_of_halving_offsets),
        ),
        source="mmpretrain.models.backbones.levit, mmpretrain.models.heads.levit_head",
    ),
    # Its weights are for BGR images from 0 to 1.
    Layout("mmpretrain", "mobilevit", _MOBILEVIT, source="mmpretrain.models.backbones.mobilevit"),
)
