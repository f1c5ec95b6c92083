"""Layouts of ConvNeXt.

The names are facts of timm 1.0 (`timm.models.convnext`) and torchvision 0.29 (`torchvision.models.convnext`), read from
the state dictionaries of their models.
"""

from __future__ import annotations

from polynet.weights.layouts.layout import Layout, Rule
from polynet.weights.layouts.norm_order import mean_before_norm

_BLOCK = "s{stage}.blocks.{block}."
_TIMM = "stages.{stage-1}.blocks.{block}."
# A stage is two entries of one list there: what shrinks the map, and the blocks.
_TORCHVISION = "features.{2*stage-1}.{block}."

LAYOUTS = (
    Layout(
        "timm",
        "convnext",
        (
            Rule("stem.{item}.{leaf}", "stem.{item}.{leaf}"),
            Rule("s{stage}.downsample.{item}.{leaf}", "stages.{stage-1}.downsample.{item}.{leaf}"),
            *(
                Rule(f"{_BLOCK}{part}.{{leaf}}", f"{_TIMM}{part}.{{leaf}}")
                for part in ("conv_dw", "norm", "mlp.fc1", "mlp.grn", "mlp.fc2")
            ),
            Rule(_BLOCK + "gamma", _TIMM + "gamma"),
            Rule("head.map_norm.{leaf}", "norm_pre.{leaf}"),
            Rule("head.norm.{leaf}", "head.norm.{leaf}"),
            Rule("head.hidden.{leaf}", "head.pre_logits.fc.{leaf}"),
            Rule("head.fc.{leaf}", "head.fc.{leaf}"),
        ),
        otherwise=mean_before_norm,
        source="timm.models.convnext",
    ),
    Layout(
        "torchvision",
        "convnext",
        (
            Rule("stem.{item}.{leaf}", "features.0.{item}.{leaf}"),
            Rule("s{stage}.downsample.{item}.{leaf}", "features.{2*stage-2}.{item}.{leaf}"),
            Rule(_BLOCK + "conv_dw.{leaf}", _TORCHVISION + "block.0.{leaf}"),
            Rule(_BLOCK + "norm.{leaf}", _TORCHVISION + "block.2.{leaf}"),
            Rule(_BLOCK + "mlp.fc1.{leaf}", _TORCHVISION + "block.3.{leaf}"),
            Rule(_BLOCK + "mlp.fc2.{leaf}", _TORCHVISION + "block.5.{leaf}"),
            Rule(_BLOCK + "gamma", _TORCHVISION + "layer_scale", unit_axes=2),
            Rule("head.norm.{leaf}", "classifier.0.{leaf}"),
            Rule("head.fc.{leaf}", "classifier.2.{leaf}"),
        ),
        otherwise=mean_before_norm,
        source="torchvision.models.convnext",
    ),
)
