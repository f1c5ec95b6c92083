"""Layouts of PoolFormer in timm 1.0 (`timm.models.metaformer`) and MMPretrain 1.2 (`mmpretrain.models`).

The names are facts read from the state dictionaries of their models.
"""

from __future__ import annotations

from polynet.weights.layouts.layout import Layout, Rule
from polynet.weights.layouts.norm_order import mean_before_norm, norm_before_mean

_BLOCK = "s{stage}.blocks.{block}."
_TIMM = "stages.{stage-1}.blocks.{block}."

# Its list alternates between the blocks of a stage and what halves the map after them.
_MMPRETRAIN = "backbone.network.{2*stage-2}.{block}."
_SCALED = _BLOCK + "layer_scale1"
"""Its blocks always have these factors."""
_FOUR_STAGES = "s4.blocks.0.norm1.weight !s5.blocks.0.norm1.weight"
"""Its last norm is named after the seventh entry of the list, which ends four stages alone."""

LAYOUTS = (
    Layout(
        "timm",
        "poolformer",
        (
            *(Rule(f"stem.{part}.{{leaf}}", f"stem.{part}.{{leaf}}") for part in ("conv", "norm")),
            *(
                Rule(f"s{{stage}}.downsample.{part}.{{leaf}}", f"stages.{{stage-1}}.downsample.{part}.{{leaf}}")
                for part in ("norm", "conv")
            ),
            *(
                Rule(f"{_BLOCK}{part}.{{leaf}}", f"{_TIMM}{part}.{{leaf}}")
                for part in ("norm1", "norm2", "mlp.fc1", "mlp.act", "mlp.fc2")
            ),
            *(
                Rule(f"{_BLOCK}{part}", f"{_TIMM}{part}.scale")
                for part in ("layer_scale1", "layer_scale2", "res_scale1", "res_scale2")
            ),
            Rule("head.norm.{leaf}", "head.norm.{leaf}"),
            Rule("head.fc.{leaf}", "head.fc.{leaf}"),
        ),
        otherwise=mean_before_norm,
        source="timm.models.metaformer",
    ),
    Layout(
        "mmpretrain",
        "poolformer",
        (
            Rule("stem.conv.{leaf}", "backbone.patch_embed.proj.{leaf}"),
            Rule("s{stage}.downsample.conv.{leaf}", "backbone.network.{2*stage-3}.proj.{leaf}"),
            *(
                Rule(f"{_BLOCK}{part}.{{leaf}}", f"{_MMPRETRAIN}{part}.{{leaf}}", when=_SCALED)
                for part in ("norm1", "norm2", "mlp.fc1", "mlp.fc2")
            ),
            *(Rule(f"{_BLOCK}layer_scale{item}", f"{_MMPRETRAIN}layer_scale_{item}") for item in (1, 2)),
            Rule("head.norm.{leaf}", "backbone.norm6.{leaf}", when=_FOUR_STAGES),
            Rule("head.fc.{leaf}", "head.fc.{leaf}", when="head.norm.weight"),
        ),
        otherwise=norm_before_mean,
        source="mmpretrain.models.backbones.poolformer",
    ),
)
