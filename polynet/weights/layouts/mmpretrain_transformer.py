"""Layouts of transformers and of networks in their shape in MMPretrain 1.2 (`mmpretrain.models`).

The names are facts read from the state dictionaries of its models: a `backbone` and a `head`.
"""

from __future__ import annotations

from math import isqrt

import numpy as np

from polynet.weights.elements import Array
from polynet.weights.layouts.constants import Constant, flat_index_of_table, window_of
from polynet.weights.layouts.joined import Joined
from polynet.weights.layouts.layout import Layout, Rule
from polynet.weights.layouts.own_constants import ATTENTION, COSINES, SINES, WINDOW
from polynet.weights.layouts.windows import table_rule, uneven_windows

_BLOCK = "blocks.{block}."
_LAYER = "backbone.layers.{block}."
_HEAD = Rule("head.{leaf}", "head.fc.{leaf}")


def _feed_forward(ours: str, theirs: str) -> tuple[Rule, Rule]:
    """A feed-forward network: its first layer is in a list, with its activation, in a list."""
    return (
        Rule(ours + ".fc1.{leaf}", theirs + ".layers.0.0.{leaf}"),
        Rule(ours + ".fc2.{leaf}", theirs + ".layers.1.{leaf}"),
    )


def _kept(canonical: str, foreign: str, *parts: str) -> tuple[Rule, ...]:
    """Parts that are called alike."""
    return tuple(Rule(f"{canonical}{part}.{{leaf}}", f"{foreign}{part}.{{leaf}}") for part in parts)


_TOKENS = (
    *(Rule(name, f"backbone.{name}") for name in ("cls_token", "dist_token", "pos_embed")),
    Rule("patch_embed.proj.{leaf}", "backbone.patch_embed.projection.{leaf}"),
)
_NORMS = (
    Rule(_BLOCK + "norm{number}.{leaf}", _LAYER + "ln{number}.{leaf}"),
    Rule("norm.{leaf}", "backbone.ln1.{leaf}"),
    Rule("fc_norm.{leaf}", "backbone.ln2.{leaf}"),
)
# MMPretrain 1.2's DeiT III normalises by `ln1` before its feed-forward networks, too, and never by the `ln2` that it
# has, so the authors' weights, under these names, give the authors' numbers here and not there.
_VIT = (
    *_TOKENS,
    *_NORMS,
    *_kept(_BLOCK, _LAYER, "attn.qkv", "attn.proj"),
    Rule(_BLOCK + "ls1.gamma", _LAYER + "attn.gamma1.weight"),
    *_feed_forward(_BLOCK + "ffn", _LAYER + "ffn"),
    Rule(_BLOCK + "ls2.gamma", _LAYER + "ffn.gamma2.weight"),
    Rule("norm_pre.{leaf}", "backbone.pre_norm.{leaf}"),
    Rule("head.{leaf}", "head.layers.head.{leaf}"),
    Rule("head_dist.{leaf}", "head.layers.head_dist.{leaf}"),
)
_BEIT = (
    *_TOKENS,
    *_NORMS,
    Rule(_BLOCK + "{leaf}", _LAYER + "{leaf}"),
    Rule(_BLOCK + "attn.{leaf}", _LAYER + "attn.{leaf}"),
    *_kept(_BLOCK, _LAYER, "attn.qkv", "attn.proj"),
    *_feed_forward(_BLOCK + "mlp", _LAYER + "ffn"),
    _HEAD,
)
_MIXER = (
    Rule("stem.proj.{leaf}", "backbone.patch_embed.projection.{leaf}"),
    *_NORMS,
    *_feed_forward(_BLOCK + "mlp_tokens", _LAYER + "token_mix"),
    *_feed_forward(_BLOCK + "mlp_channels", _LAYER + "channel_mix"),
    _HEAD,
)


def index_with_class_token(table: Array) -> Array:
    """The index that is kept beside a table of relative positions whose last three rows are the class token's.

    Example:
        >>> index_with_class_token(np.zeros((4, 2))).tolist()
        [[3, 1], [2, 0]]
    """
    positions = table[:-3]
    count = window_of(positions) ** 2
    index = np.full((count + 1, count + 1), len(positions), np.int64)
    index[1:, 0] += 1
    index[0, 0] += 2
    index[1:, 1:] = flat_index_of_table(positions).reshape(count, count)
    return index


def square_index_of_table(table: Array, window: Array | None = None) -> Array:
    """The index that is kept beside a table of relative positions in a window, one row a place."""
    flat = flat_index_of_table(table, window)
    count = isqrt(len(flat))
    return flat.reshape(count, count)


# Four neighbours lie beside each other there channel by channel, row by row; here place by place, column by column.
_THERE = (0, 2, 1, 3)


def neighbours_by_channel(array: Array) -> Array:
    """What a map is halved by, `(..., 4 * C)`, in MMPretrain's order of the neighbours' channels.

    Example:
        >>> neighbours_by_channel(np.arange(8)).tolist()
        [0, 4, 2, 6, 1, 5, 3, 7]
    """
    places = array.reshape(*array.shape[:-1], 4, -1)[..., _THERE, :]
    return np.ascontiguousarray(places.swapaxes(-1, -2)).reshape(array.shape)


def neighbours_by_place(array: Array) -> Array:
    """What `neighbours_by_channel` made, back in PolyNet's order.

    Example:
        >>> neighbours_by_place(np.array([0, 4, 2, 6, 1, 5, 3, 7])).tolist()
        [0, 1, 2, 3, 4, 5, 6, 7]
    """
    places = array.reshape(*array.shape[:-1], -1, 4).swapaxes(-1, -2)[..., _THERE, :]
    return np.ascontiguousarray(places).reshape(array.shape)


def _halving(part: str) -> Rule:
    name = f"layers.{{stage}}.downsample.{part}"
    theirs = f"backbone.stages.{{stage}}.downsample.{part}"
    return Rule(name, theirs, reorder=neighbours_by_channel, restore=neighbours_by_place)


_WINDOW = "layers.{stage}.blocks.{block}."
_WINDOW_THERE = "backbone.stages.{stage}.blocks.{block}."
_TABLE = _WINDOW + "attn.rel_pos_bias_table"
_WINDOWS = (
    Rule("patch_embed.proj.{leaf}", "backbone.patch_embed.projection.{leaf}"),
    Rule("patch_embed.norm.{leaf}", "backbone.patch_embed.norm.{leaf}"),
    *_kept(_WINDOW, _WINDOW_THERE, "norm1", "norm2"),
    Rule(_WINDOW + "attn.qkv.{leaf}", _WINDOW_THERE + "attn.w_msa.qkv.{leaf}"),
    Rule(_WINDOW + "attn.proj.{leaf}", _WINDOW_THERE + "attn.w_msa.proj.{leaf}"),
    _halving("reduction.{leaf}"),
    # The paper's networks have four stages; the last one's norm is the network's.
    Rule("norm.{leaf}", "backbone.norm3.{leaf}"),
    _HEAD,
)
_SWIN = (
    table_rule(_TABLE, _WINDOW_THERE + "attn.w_msa.relative_position_bias_table"),
    *_feed_forward(_WINDOW + "ffn", _WINDOW_THERE + "ffn"),
    _halving("norm.{leaf}"),
    *_WINDOWS,
)
_SWIN_V2 = (
    Rule(_WINDOW + "attn.{leaf}", _WINDOW_THERE + "attn.w_msa.{leaf}"),
    Rule(_WINDOW + "attn.cpb_mlp.{layer}.{leaf}", _WINDOW_THERE + "attn.w_msa.cpb_mlp.{layer}.{leaf}"),
    *_feed_forward(_WINDOW + "mlp", _WINDOW_THERE + "ffn"),
    # Normalised after the map is halved, in the order of its own channels.
    Rule("layers.{stage}.downsample.norm.{leaf}", "backbone.stages.{stage}.downsample.norm.{leaf}"),
    *_WINDOWS,
)

_EVA02 = (
    *_TOKENS,
    *_kept(_BLOCK, _LAYER, "norm1", "norm2", "attn.qkv", "attn.proj", "mlp.norm"),
    Rule(_BLOCK + "mlp.fc1.{leaf}", _LAYER + "mlp.w12.{leaf}"),
    Rule(_BLOCK + "mlp.fc2.{leaf}", _LAYER + "mlp.w3.{leaf}"),
    *_NORMS[1:],
    _HEAD,
)
_PROJECTIONS = tuple(f"{_BLOCK}attn.{part}_proj." for part in "qkv")
# Keys have biases there, which their rotation does not let cancel out; the paper's are zeros.
_EVA02_JOINS = (
    Joined((_BLOCK + "attn.q_bias", None, _BLOCK + "attn.v_bias"), _LAYER + "attn.qkv.bias"),
    Joined((_PROJECTIONS[0] + "bias", None, _PROJECTIONS[2] + "bias"), _LAYER + "attn.qkv.bias"),
    Joined([part + "weight" for part in _PROJECTIONS], _LAYER + "attn.qkv.weight"),
    Joined((_BLOCK + "mlp.fc1_g.{leaf}", _BLOCK + "mlp.fc1_x.{leaf}"), _LAYER + "mlp.w12.{leaf}"),
)
# MMPretrain's own tables spread other frequencies over the features than the paper's; files have the paper's.
_EVA02_ROTATIONS = tuple(
    Constant(canonical + ours, foreign + "rope." + theirs, np.asarray, decides=True)
    for canonical, foreign in (("", "backbone."), (ATTENTION, _LAYER + "attn."))
    for ours, theirs in ((COSINES, "freqs_cos"), (SINES, "freqs_sin"))
)

_PLACE = "mmpretrain.models.backbones."
LAYOUTS = (
    Layout(
        "mmpretrain",
        "vit",
        _VIT,
        norm_eps=1e-6,
        source=_PLACE + "vision_transformer, .deit, .deit3, mmpretrain.models.heads.vision_transformer_head",
    ),
    Layout(
        "mmpretrain",
        "beit",
        _BEIT,
        constants=(
            Constant(
                _BLOCK + "attn.relative_position_bias_table",
                _LAYER + "attn.relative_position_index",
                index_with_class_token,
            ),
        ),
        source=_PLACE + "beit",
    ),
    Layout(
        "mmpretrain",
        "eva",
        _EVA02,
        constants=_EVA02_ROTATIONS,
        joins=_EVA02_JOINS,
        norm_eps=1e-5,
        source=_PLACE + "vit_eva02",
    ),
    Layout("mmpretrain", "mixer", _MIXER, source=_PLACE + "mlp_mixer"),
    Layout(
        "mmpretrain",
        "swin",
        _SWIN,
        constants=(
            Constant(
                _TABLE,
                _WINDOW_THERE + "attn.w_msa.relative_position_index",
                square_index_of_table,
                given=WINDOW,
            ),
            # Files written before MMPretrain 1.0 have them.
            Constant(_WINDOW + "attn_mask", _WINDOW_THERE + "attn.attn_mask"),
        ),
        otherwise=uneven_windows,
        source=_PLACE + "swin_transformer",
    ),
    Layout(
        "mmpretrain",
        "swin_v2",
        _SWIN_V2,
        constants=(
            # It computes them anew whenever it loads a file.
            Constant(_WINDOW + "attn.logit_scale", _WINDOW_THERE + "attn.w_msa.relative_coords_table"),
            Constant(_WINDOW + "attn.logit_scale", _WINDOW_THERE + "attn.w_msa.relative_position_index"),
        ),
        otherwise=uneven_windows,
        source=_PLACE + "swin_transformer_v2",
    ),
)
