"""Layout of PoolFormer in timm 1.0 (`timm.models.metaformer`); its names are facts read from its models' states."""

from __future__ import annotations

from polynet.weights.layouts.layout import Layout, Rule

_BLOCK = "s{stage}.blocks.{block}."
_TIMM = "stages.{stage-1}.blocks.{block}."

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
        source="timm.models.metaformer",
    ),
)
