"""Layouts of ResNeSt and Res2Net: those of ResNet, but for what stands in place of the 3x3 convolution.

The names are facts of timm 1.0 (`timm.models.resnest`, `.res2net`), read from the state dictionaries of its models.
"""

from __future__ import annotations

from polynet.weights.layouts.convolutional import RESNET, RESNET_D, RESNET_SE
from polynet.weights.layouts.layout import Layout, Rule

_BLOCK = "s{stage}.b{block}."
_RESIDUAL = "layer{stage}.{block-1}."

SPLIT_ATTENTION = tuple(
    Rule(f"{_BLOCK}b.{part}.{{leaf}}", f"{_RESIDUAL}conv2.{part}.{{leaf}}")
    for part in ("conv", "bn0", "fc1", "bn1", "fc2")
)
SCALES = (
    Rule(_BLOCK + "b.{scale}.{leaf}", _RESIDUAL + "convs.{scale}.{leaf}"),
    Rule(_BLOCK + "b_bn.{scale}.{leaf}", _RESIDUAL + "bns.{scale}.{leaf}"),
)

LAYOUTS = (
    Layout("timm", "resnest", (*RESNET, *RESNET_D, *SPLIT_ATTENTION), source="timm.models.resnest"),
    Layout("timm", "res2net", (*RESNET, *RESNET_D, *RESNET_SE, *SCALES), source="timm.models.res2net"),
)
