"""Layouts of transformers with attention in windows.

The names are facts of torchvision 0.29 (`torchvision.models.swin_transformer`) and timm 1.0
(`timm.models.swin_transformer`, `.swin_transformer_v2`), read from the state dictionaries of their models. Both keep
the tables of relative positions of the first generation row by row, BaseCls and PolyNet column by column.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet.weights.layouts.constants import Constant, flat_index_of_table, restored_table, swapped_table
from polynet.weights.layouts.difference import Difference
from polynet.weights.layouts.joined import Joined
from polynet.weights.layouts.layout import Layout, Rule
from polynet.weights.layouts.own_constants import DISTANCES, WINDOW, index_of_distances

_BLOCK = "layers.{stage}.blocks.{block}."
_TABLE = _BLOCK + "attn.rel_pos_bias_table"
_MASK = _BLOCK + "attn_mask"
_FEATURES = "features.{2*stage+1}.{block}."


def table_rule(canonical: str, foreign: str) -> Rule:
    """The correspondence of tables of relative positions that the other library keeps row by row."""
    return Rule(canonical, foreign, reorder=swapped_table, restore=restored_table, given=WINDOW)


def uneven_windows(net: Any) -> Difference | None:
    """What torchvision and MMPretrain do otherwise where windows do not cover a map evenly; `None` where they do.

    timm rolls a map and then fills it up, so that the zeros stay at its end; so does PolyNet, unless told otherwise.

    Example:
        >>> uneven_windows(polynet.build("swin_tiny_patch4_window7_224", backend="shapes", img_size=232)).said[61:]
        'layers.0 on, before it rolls them'
    """
    return _filled_otherwise(net, fill_first=True)


def uneven_windows_of_timm(net: Any) -> Difference | None:
    """What timm does otherwise where windows do not cover a map evenly and the network fills it up first."""
    return _filled_otherwise(net, fill_first=False)


def _filled_otherwise(net: Any, *, fill_first: bool) -> Difference | None:
    for stage, layer in enumerate(net.layers):
        cuts = [block.cut for block in layer.blocks]
        if any(cut.fill is not None and cut.shift is not None and cut.fill_first != fill_first for cut in cuts):
            when = "before" if fill_first else "after"
            where = f"as here from layers.{stage} on"
            said = f"fills up maps that windows do not cover evenly, {where}, {when} it rolls them"
            return Difference(said, {"fill_first": fill_first})
    return None


LAYOUTS = (
    Layout(
        "timm",
        "swin",
        (
            Rule("patch_embed.proj.{leaf}", "patch_embed.proj.{leaf}"),
            Rule("patch_embed.norm.{leaf}", "patch_embed.norm.{leaf}"),
            Rule(_BLOCK + "norm1.{leaf}", _BLOCK + "norm1.{leaf}"),
            table_rule(_TABLE, _BLOCK + "attn.relative_position_bias_table"),
            Rule(_BLOCK + "attn.qkv.{leaf}", _BLOCK + "attn.qkv.{leaf}"),
            Rule(_BLOCK + "attn.proj.{leaf}", _BLOCK + "attn.proj.{leaf}"),
            Rule(_BLOCK + "norm2.{leaf}", _BLOCK + "norm2.{leaf}"),
            Rule(_BLOCK + "ffn.fc1.{leaf}", _BLOCK + "mlp.fc1.{leaf}"),
            Rule(_BLOCK + "ffn.fc2.{leaf}", _BLOCK + "mlp.fc2.{leaf}"),
            # There a map is halved before a stage, here after one.
            Rule("layers.{stage}.downsample.norm.{leaf}", "layers.{stage+1}.downsample.norm.{leaf}"),
            Rule("layers.{stage}.downsample.reduction.{leaf}", "layers.{stage+1}.downsample.reduction.{leaf}"),
            Rule("norm.{leaf}", "norm.{leaf}"),
            Rule("head.{leaf}", "head.fc.{leaf}"),
        ),
        constants=(
            # Files written before timm 0.9 have them.
            Constant(_TABLE, _BLOCK + "attn.relative_position_index"),
            Constant(_MASK, _MASK),
        ),
        otherwise=uneven_windows_of_timm,
        source="timm.models.swin_transformer",
    ),
    Layout(
        "torchvision",
        "swin",
        (
            Rule("patch_embed.proj.{leaf}", "features.0.0.{leaf}"),
            Rule("patch_embed.norm.{leaf}", "features.0.2.{leaf}"),
            Rule(_BLOCK + "norm1.{leaf}", _FEATURES + "norm1.{leaf}"),
            table_rule(_TABLE, _FEATURES + "attn.relative_position_bias_table"),
            Rule(_BLOCK + "attn.qkv.{leaf}", _FEATURES + "attn.qkv.{leaf}"),
            Rule(_BLOCK + "attn.proj.{leaf}", _FEATURES + "attn.proj.{leaf}"),
            Rule(_BLOCK + "norm2.{leaf}", _FEATURES + "norm2.{leaf}"),
            Rule(_BLOCK + "ffn.fc1.{leaf}", _FEATURES + "mlp.0.{leaf}"),
            Rule(_BLOCK + "ffn.fc2.{leaf}", _FEATURES + "mlp.3.{leaf}"),
            Rule("layers.{stage}.downsample.norm.{leaf}", "features.{2*stage+2}.norm.{leaf}"),
            Rule("layers.{stage}.downsample.reduction.{leaf}", "features.{2*stage+2}.reduction.{leaf}"),
            Rule("norm.{leaf}", "norm.{leaf}"),
            Rule("head.{leaf}", "head.{leaf}"),
        ),
        constants=(Constant(_TABLE, _FEATURES + "attn.relative_position_index", flat_index_of_table, given=WINDOW),),
        otherwise=uneven_windows,
        source="torchvision.models.swin_transformer",
    ),
    Layout(
        "timm",
        "swin_v2",
        (
            Rule("patch_embed.proj.{leaf}", "patch_embed.proj.{leaf}"),
            Rule("patch_embed.norm.{leaf}", "patch_embed.norm.{leaf}"),
            Rule(_BLOCK + "attn.{leaf}", _BLOCK + "attn.{leaf}"),
            Rule(_BLOCK + "attn.cpb_mlp.{layer}.{leaf}", _BLOCK + "attn.cpb_mlp.{layer}.{leaf}"),
            Rule(_BLOCK + "attn.qkv.{leaf}", _BLOCK + "attn.qkv.{leaf}"),
            Rule(_BLOCK + "attn.proj.{leaf}", _BLOCK + "attn.proj.{leaf}"),
            Rule(_BLOCK + "norm1.{leaf}", _BLOCK + "norm1.{leaf}"),
            Rule(_BLOCK + "mlp.fc1.{leaf}", _BLOCK + "mlp.fc1.{leaf}"),
            Rule(_BLOCK + "mlp.fc2.{leaf}", _BLOCK + "mlp.fc2.{leaf}"),
            Rule(_BLOCK + "norm2.{leaf}", _BLOCK + "norm2.{leaf}"),
            Rule("layers.{stage}.downsample.reduction.{leaf}", "layers.{stage}.downsample.reduction.{leaf}"),
            Rule("layers.{stage}.downsample.norm.{leaf}", "layers.{stage}.downsample.norm.{leaf}"),
            Rule("norm.{leaf}", "norm.{leaf}"),
            Rule("head.{leaf}", "head.fc.{leaf}"),
        ),
        constants=(
            Constant(_BLOCK + "attn.logit_scale", _BLOCK + "attn.relative_coords_table"),
            Constant(_BLOCK + "attn.logit_scale", _BLOCK + "attn.relative_position_index"),
            Constant(_BLOCK + "attn.logit_scale", _BLOCK + "attn.k_bias"),
            Constant(_BLOCK + "attn.logit_scale", _MASK),
        ),
        otherwise=uneven_windows_of_timm,
        source="timm.models.swin_transformer_v2",
    ),
    Layout(
        "torchvision",
        "swin_v2",
        (
            Rule("patch_embed.proj.{leaf}", "features.0.0.{leaf}"),
            Rule("patch_embed.norm.{leaf}", "features.0.2.{leaf}"),
            Rule(_BLOCK + "attn.logit_scale", _FEATURES + "attn.logit_scale"),
            Rule(_BLOCK + "attn.cpb_mlp.{layer}.{leaf}", _FEATURES + "attn.cpb_mlp.{layer}.{leaf}"),
            Rule(_BLOCK + "attn.qkv.{leaf}", _FEATURES + "attn.qkv.{leaf}"),
            Rule(_BLOCK + "attn.proj.{leaf}", _FEATURES + "attn.proj.{leaf}"),
            Rule(_BLOCK + "norm{number}.{leaf}", _FEATURES + "norm{number}.{leaf}"),
            Rule(_BLOCK + "mlp.fc1.{leaf}", _FEATURES + "mlp.0.{leaf}"),
            Rule(_BLOCK + "mlp.fc2.{leaf}", _FEATURES + "mlp.3.{leaf}"),
            Rule("layers.{stage}.downsample.reduction.{leaf}", "features.{2*stage}.reduction.{leaf}"),
            Rule("layers.{stage}.downsample.norm.{leaf}", "features.{2*stage}.norm.{leaf}"),
            Rule("norm.{leaf}", "norm.{leaf}"),
            Rule("head.{leaf}", "head.{leaf}"),
        ),
        # Its forward pass puts zeros in the place of the keys' biases, whatever the file says.
        joins=(
            Joined((_BLOCK + "attn.q_bias", None, _BLOCK + "attn.v_bias"), _FEATURES + "attn.qkv.bias", unused=True),
        ),
        constants=(
            Constant(DISTANCES, _FEATURES + "attn.relative_coords_table", np.asarray, decides=True),
            Constant(DISTANCES, _FEATURES + "attn.relative_position_index", index_of_distances),
        ),
        otherwise=uneven_windows,
        source="torchvision.models.swin_transformer",
    ),
)
