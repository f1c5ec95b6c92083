"""Layout of MobileViT in timm 1.0 (`timm.models.mobilevit`); its names are facts read from its models' states."""

from __future__ import annotations

from polynet.weights.layouts.layout import Layout, Rule

_BLOCK = "s{stage}.{block}."
_TIMM = "stages.{stage-1}.{block}."
_ENCODER = "transformer.{layer}."
_UNITS = ("conv1_1x1", "conv2_kxk", "conv3_1x1", "conv_kxk", "conv_proj", "conv_fusion")
# A feed-forward network is called ffn in the first version's blocks, which all transformers here share.
_ENCODERS = {
    **{part: part for part in ("norm1", "norm2", "attn.qkv", "attn.proj", "attn.qkv_proj", "attn.out_proj")},
    **{f"mlp.{layer}": f"mlp.{layer}" for layer in ("fc1", "fc2")},
    **{f"ffn.{layer}": f"mlp.{layer}" for layer in ("fc1", "fc2")},
}

LAYOUTS = (
    Layout(
        "timm",
        "mobilevit",
        (
            Rule("stem.conv.{leaf}", "stem.conv.{leaf}"),
            Rule("stem.bn.{leaf}", "stem.bn.{leaf}"),
            *(
                Rule(f"{_BLOCK}{unit}.{layer}.{{leaf}}", f"{_TIMM}{unit}.{layer}.{{leaf}}")
                for unit in _UNITS
                for layer in ("conv", "bn")
            ),
            Rule(_BLOCK + "conv_1x1.{leaf}", _TIMM + "conv_1x1.{leaf}"),
            *(
                Rule(f"{_BLOCK}{_ENCODER}{ours}.{{leaf}}", f"{_TIMM}{_ENCODER}{theirs}.{{leaf}}")
                for ours, theirs in _ENCODERS.items()
            ),
            Rule(_BLOCK + "norm.{leaf}", _TIMM + "norm.{leaf}"),
            Rule("head.conv.{leaf}", "final_conv.conv.{leaf}"),
            Rule("head.bn.{leaf}", "final_conv.bn.{leaf}"),
            Rule("head.fc.{leaf}", "head.fc.{leaf}"),
        ),
        source="timm.models.mobilevit",
    ),
)
