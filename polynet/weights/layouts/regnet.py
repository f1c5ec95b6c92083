"""Layouts of RegNet.

The names are facts of timm 1.0 (`timm.models.regnet`) and torchvision 0.29 (`torchvision.models.regnet`), read from the
state dictionaries of their models.
"""

from __future__ import annotations

from polynet.weights.layouts.layout import Layout, Rule

_BLOCK = "s{stage}.b{block}."
_TORCHVISION = "trunk_output.block{stage}.block{stage}-{block-1}."

LAYOUTS = (
    Layout(
        "torchvision",
        "regnet",
        (
            Rule("stem.conv.{leaf}", "stem.0.{leaf}"),
            Rule("stem.bn.{leaf}", "stem.1.{leaf}"),
            Rule(_BLOCK + "proj.{leaf}", _TORCHVISION + "proj.0.{leaf}"),
            Rule(_BLOCK + "bn.{leaf}", _TORCHVISION + "proj.1.{leaf}"),
            Rule(_BLOCK + "a.{leaf}", _TORCHVISION + "f.a.0.{leaf}"),
            Rule(_BLOCK + "a_bn.{leaf}", _TORCHVISION + "f.a.1.{leaf}"),
            Rule(_BLOCK + "b.{leaf}", _TORCHVISION + "f.b.0.{leaf}"),
            Rule(_BLOCK + "b_bn.{leaf}", _TORCHVISION + "f.b.1.{leaf}"),
            Rule(_BLOCK + "se.f_ex.0.{leaf}", _TORCHVISION + "f.se.fc1.{leaf}"),
            Rule(_BLOCK + "se.f_ex.2.{leaf}", _TORCHVISION + "f.se.fc2.{leaf}"),
            Rule(_BLOCK + "c.{leaf}", _TORCHVISION + "f.c.0.{leaf}"),
            Rule(_BLOCK + "c_bn.{leaf}", _TORCHVISION + "f.c.1.{leaf}"),
            Rule("head.fc.{leaf}", "fc.{leaf}"),
        ),
        source="torchvision.models.regnet",
    ),
    Layout(
        "timm",
        "regnet",
        (
            Rule("stem.conv.{leaf}", "stem.conv.{leaf}"),
            Rule("stem.bn.{leaf}", "stem.bn.{leaf}"),
            Rule(_BLOCK + "proj.{leaf}", _BLOCK + "downsample.conv.{leaf}"),
            Rule(_BLOCK + "bn.{leaf}", _BLOCK + "downsample.bn.{leaf}"),
            Rule(_BLOCK + "a.{leaf}", _BLOCK + "conv1.conv.{leaf}"),
            Rule(_BLOCK + "a_bn.{leaf}", _BLOCK + "conv1.bn.{leaf}"),
            Rule(_BLOCK + "b.{leaf}", _BLOCK + "conv2.conv.{leaf}"),
            Rule(_BLOCK + "b_bn.{leaf}", _BLOCK + "conv2.bn.{leaf}"),
            Rule(_BLOCK + "se.f_ex.0.{leaf}", _BLOCK + "se.fc1.{leaf}"),
            Rule(_BLOCK + "se.f_ex.2.{leaf}", _BLOCK + "se.fc2.{leaf}"),
            Rule(_BLOCK + "c.{leaf}", _BLOCK + "conv3.conv.{leaf}"),
            Rule(_BLOCK + "c_bn.{leaf}", _BLOCK + "conv3.bn.{leaf}"),
            Rule("head.fc.{leaf}", "head.fc.{leaf}"),
        ),
        source="timm.models.regnet",
    ),
)
