"""Layouts of AlexNet, VGG and ResNet: stages of plain convolutions.

The names are facts of torchvision 0.29 (`torchvision.models`) and timm 1.0 (`timm.models.resnet`, `.vgg`), read from
the state dictionaries of their models.
"""

from __future__ import annotations

from polynet.weights.layouts.layout import Fold, Layout, Rule

_BLOCK = "s{stage}.b{block}."
_RESIDUAL = "layer{stage}.{block-1}."

RESNET = (
    Rule("stem.conv.{leaf}", "conv1.{leaf}"),
    Rule("stem.bn.{leaf}", "bn1.{leaf}"),
    Rule(_BLOCK + "a.{leaf}", _RESIDUAL + "conv1.{leaf}"),
    Rule(_BLOCK + "a_bn.{leaf}", _RESIDUAL + "bn1.{leaf}"),
    Rule(_BLOCK + "b.{leaf}", _RESIDUAL + "conv2.{leaf}"),
    Rule(_BLOCK + "b_bn.{leaf}", _RESIDUAL + "bn2.{leaf}"),
    Rule(_BLOCK + "c.{leaf}", _RESIDUAL + "conv3.{leaf}"),
    Rule(_BLOCK + "c_bn.{leaf}", _RESIDUAL + "bn3.{leaf}"),
    Rule(_BLOCK + "proj.{leaf}", _RESIDUAL + "downsample.0.{leaf}", when="!stem.a.weight"),
    Rule(_BLOCK + "bn.{leaf}", _RESIDUAL + "downsample.1.{leaf}", when="!stem.a.weight"),
    Rule("head.fc.{leaf}", "fc.{leaf}"),
)

# The -D networks: a stem of three convolutions, and an average pooling as item 0 of every shortcut.
RESNET_D = (
    Rule("stem.a.{leaf}", "conv1.0.{leaf}"),
    Rule("stem.a_bn.{leaf}", "conv1.1.{leaf}"),
    Rule("stem.b.{leaf}", "conv1.3.{leaf}"),
    Rule("stem.b_bn.{leaf}", "conv1.4.{leaf}"),
    Rule("stem.c.{leaf}", "conv1.6.{leaf}"),
    Rule("stem.c_bn.{leaf}", "bn1.{leaf}"),
    Rule(_BLOCK + "proj.{leaf}", _RESIDUAL + "downsample.1.{leaf}", when="stem.a.weight"),
    Rule(_BLOCK + "bn.{leaf}", _RESIDUAL + "downsample.2.{leaf}", when="stem.a.weight"),
)

RESNET_SE = (
    Rule(_BLOCK + "se.f_ex.0.{leaf}", _RESIDUAL + "se.fc1.{leaf}"),
    Rule(_BLOCK + "se.f_ex.2.{leaf}", _RESIDUAL + "se.fc2.{leaf}"),
)

# One sequence of all layers: convolution, normalisation, activation for each block, and a pooling after each stage.
_VGG = (
    Rule(_BLOCK + "0.{leaf}", "features.{3*index+stage-1}.{leaf}", when=_BLOCK + "1.weight"),
    Rule(_BLOCK + "1.{leaf}", "features.{3*index+stage}.{leaf}"),
    Rule(_BLOCK + "0.{leaf}", "features.{2*index+stage-1}.{leaf}", when="!" + _BLOCK + "1.weight"),
)
_VGG_FOLDS = (Fold(_BLOCK + "1.running_mean", "features.{3*index+stage-1}.bias", when="!" + _BLOCK + "0.bias"),)

LAYOUTS = (
    Layout(
        "torchvision",
        "alexnet",
        (
            Rule("features.{item}.{leaf}", "features.{item}.{leaf}"),
            Rule("head.classifier.{item}.{leaf}", "classifier.{item}.{leaf}"),
        ),
        source="torchvision.models.alexnet",
    ),
    Layout("torchvision", "resnet", RESNET, source="torchvision.models.resnet"),
    Layout("timm", "resnet", (*RESNET, *RESNET_D, *RESNET_SE), source="timm.models.resnet"),
    Layout(
        "torchvision",
        "vgg",
        (*_VGG, Rule("head.classifier.{item}.{leaf}", "classifier.{item}.{leaf}")),
        _VGG_FOLDS,
        source="torchvision.models.vgg",
    ),
    Layout(
        "timm",
        "vgg",
        (
            *_VGG,
            Rule("head.classifier.0.{leaf}", "pre_logits.fc1.{leaf}", spatial=7),
            Rule("head.classifier.3.{leaf}", "pre_logits.fc2.{leaf}", spatial=1),
            Rule("head.classifier.6.{leaf}", "head.fc.{leaf}"),
        ),
        _VGG_FOLDS,
        source="timm.models.vgg",
    ),
)
