"""Layouts of DenseNet, which timm 1.0 (`timm.models.densenet`) and torchvision 0.29 spell alike.

The names are facts read from the state dictionaries of their models.
"""

from __future__ import annotations

from polynet.weights.layouts.layout import Layout, Rule

_LAYER = "s{stage}.layers.{layer}."
_THEIRS = "features.denseblock{stage}.denselayer{layer+1}."

_RULES = (
    Rule("stem.conv{number}.{leaf}", "features.conv{number}.{leaf}"),
    Rule("stem.norm{number}.{leaf}", "features.norm{number}.{leaf}"),
    Rule("s{stage}.transition.norm.{leaf}", "features.transition{stage-1}.norm.{leaf}"),
    Rule("s{stage}.transition.conv.{leaf}", "features.transition{stage-1}.conv.{leaf}"),
    *(Rule(f"{_LAYER}{part}.{{leaf}}", f"{_THEIRS}{part}.{{leaf}}") for part in ("norm1", "conv1", "norm2", "conv2")),
    Rule("s{stage}.norm.{leaf}", "features.norm5.{leaf}"),
    Rule("head.fc.{leaf}", "classifier.{leaf}"),
)

LAYOUTS = (
    Layout("timm", "densenet", _RULES, source="timm.models.densenet"),
    Layout("torchvision", "densenet", _RULES, source="torchvision.models.densenet"),
)
