"""Layouts of ShuffleNet v2, GhostNet and SqueezeNet: small networks of few kinds of block.

The names are facts of torchvision 0.29 (`torchvision.models`) and timm 1.0 (`timm.models.ghostnet`), read from the
state dictionaries of their models.
"""

from __future__ import annotations

from polynet.weights.layouts.layout import Layout, Rule

_SHUFFLE = "stage{stage}.{block}."
_SHUFFLE_THERE = "stage{stage+2}.{block}."

# Only networks of `SNV2EvenBlock` have torchvision's shapes; see polynet.models.networks.snet.
_SHUFFLENET = (
    Rule("stem.conv.{leaf}", "conv1.0.{leaf}"),
    Rule("stem.bn.{leaf}", "conv1.1.{leaf}"),
    Rule(_SHUFFLE + "branch_proj.{item}.{leaf}", _SHUFFLE_THERE + "branch1.{item}.{leaf}"),
    Rule(_SHUFFLE + "branch_main.{item}.{leaf}", _SHUFFLE_THERE + "branch2.{item}.{leaf}"),
    Rule("head.conv.{leaf}", "conv5.0.{leaf}"),
    Rule("head.bn.{leaf}", "conv5.1.{leaf}"),
    Rule("head.fc.{leaf}", "fc.{leaf}"),
)

_BLOCK = "blocks.{stage}.{block}."

_GHOSTNET = (
    Rule("stem.conv.{leaf}", "conv_stem.{leaf}"),
    Rule("stem.bn.{leaf}", "bn1.{leaf}"),
    *(
        Rule(f"{_BLOCK}{part}.{{leaf}}", f"{_BLOCK}{part}.{{leaf}}")
        for part in (
            "ghost{module}.primary_conv.{item}",
            "ghost{module}.cheap_operation.{item}",
            "ghost{module}.short_conv.{item}",
            "conv_dw",
            "bn_dw",
            "shortcut.{item}",
        )
    ),
    Rule(_BLOCK + "se.f_ex.0.{leaf}", _BLOCK + "se.conv_reduce.{leaf}"),
    Rule(_BLOCK + "se.f_ex.2.{leaf}", _BLOCK + "se.conv_expand.{leaf}"),
    # The head's convolution counts as a stage of its own there, and its hidden layer is a convolution.
    Rule("head.conv.{leaf}", "blocks.9.0.conv.{leaf}"),
    Rule("head.bn.{leaf}", "blocks.9.0.bn1.{leaf}"),
    Rule("head.h_fc.{leaf}", "conv_head.{leaf}", spatial=1),
    Rule("head.fc.{leaf}", "classifier.{leaf}"),
)

_SQUEEZENET = (
    Rule("features.{item}.{leaf}", "features.{item}.{leaf}"),
    Rule("features.{item}.squeeze.{leaf}", "features.{item}.squeeze.{leaf}"),
    Rule("features.{item}.expand1x1.{leaf}", "features.{item}.expand1x1.{leaf}"),
    Rule("features.{item}.expand3x3.{leaf}", "features.{item}.expand3x3.{leaf}"),
    Rule("head.classifier.1.{leaf}", "classifier.1.{leaf}"),
)

LAYOUTS = (
    Layout("torchvision", "snet", _SHUFFLENET, source="torchvision.models.shufflenetv2"),
    Layout("timm", "ghostnet", _GHOSTNET, source="timm.models.ghostnet"),
    Layout("torchvision", "squeezenet", _SQUEEZENET, source="torchvision.models.squeezenet"),
)
