"""Layouts of the families whose blocks have parallel branches: RepVGG, MobileOne, RepLKNet.

The names are facts of timm 1.0 (`timm.models.byobnet`), MMPretrain 1.2 (`mmpretrain.models.backbones.repvgg`) and the
authors' RepLKNet (github.com/DingXiaoH/RepLKNet-pytorch, `replknet.py`), read from the state dictionaries of their
models. Networks built with their branches merged are spelt as well.
"""

from __future__ import annotations

from polynet.weights.layouts.layout import Layout, Rule


def _unit(canonical: str, foreign: str) -> tuple[Rule, Rule]:
    """A convolution `conv` and a normalisation `bn`, called so on both sides."""
    return (
        Rule(f"{canonical}.conv.{{leaf}}", f"{foreign}.conv.{{leaf}}"),
        Rule(f"{canonical}.bn.{{leaf}}", f"{foreign}.bn.{{leaf}}"),
    )


def _squeeze(canonical: str, first: str, second: str) -> tuple[Rule, Rule]:
    return (
        Rule(f"{canonical}se.f_ex.0.{{leaf}}", f"{first}.{{leaf}}"),
        Rule(f"{canonical}se.f_ex.2.{{leaf}}", f"{second}.{{leaf}}"),
    )


def _repvgg_timm(ours: str, theirs: str) -> tuple[Rule, ...]:
    return (
        *_unit(ours + "rbr_dense", theirs + "conv_kxk"),
        *_unit(ours + "rbr_1x1", theirs + "conv_1x1"),
        Rule(ours + "rbr_identity.{leaf}", theirs + "identity.{leaf}"),
        Rule(ours + "rbr_reparam.{leaf}", theirs + "reparam_conv.{leaf}"),
        *_squeeze(ours, theirs + "attn.fc1", theirs + "attn.fc2"),
    )


def _repvgg_mmpretrain(ours: str, theirs: str) -> tuple[Rule, ...]:
    return (
        Rule(ours + "rbr_dense.conv.{leaf}", theirs + "branch_3x3.conv.{leaf}"),
        Rule(ours + "rbr_dense.bn.{leaf}", theirs + "branch_3x3.norm.{leaf}"),
        Rule(ours + "rbr_1x1.conv.{leaf}", theirs + "branch_1x1.conv.{leaf}"),
        Rule(ours + "rbr_1x1.bn.{leaf}", theirs + "branch_1x1.norm.{leaf}"),
        Rule(ours + "rbr_identity.{leaf}", theirs + "branch_norm.{leaf}"),
        Rule(ours + "rbr_reparam.{leaf}", theirs + "branch_reparam.{leaf}"),
        *_squeeze(ours, theirs + "se_layer.conv1.conv", theirs + "se_layer.conv2.conv"),
    )


def _mobileone_timm(ours: str, theirs: str) -> tuple[Rule, ...]:
    return (
        *_unit(ours + "conv_kxk.{branch}", theirs + "conv_kxk.{branch}"),
        *_unit(ours + "conv_scale", theirs + "conv_scale"),
        Rule(ours + "identity.{leaf}", theirs + "identity.{leaf}"),
        Rule(ours + "reparam_conv.{leaf}", theirs + "reparam_conv.{leaf}"),
        *_squeeze(ours, theirs + "attn.fc1", theirs + "attn.fc2"),
    )


_BLOCK = "stage{stage}.{block}."
_THEIRS = "stages.{stage-1}.{block}."
_HEAD = Rule("head.fc.{leaf}", "head.fc.{leaf}")

_LARGE = "stages.{stage-1}.blocks.{block}."
_REPLKNET = (
    *_unit("stem.{item}", "stem.{item}"),
    *_unit("transitions.{stage}.{item}", "transitions.{stage}.{item}"),
    *_unit(_BLOCK + "pw1", _LARGE + "pw1"),
    *_unit(_BLOCK + "pw2", _LARGE + "pw2"),
    *_unit(_BLOCK + "large_kernel.lkb_origin", _LARGE + "large_kernel.lkb_origin"),
    *_unit(_BLOCK + "large_kernel.small_conv", _LARGE + "large_kernel.small_conv"),
    Rule(_BLOCK + "large_kernel.lkb_reparam.{leaf}", _LARGE + "large_kernel.lkb_reparam.{leaf}"),
    Rule(_BLOCK + "prelkb_bn.{leaf}", _LARGE + "prelkb_bn.{leaf}"),
    Rule(_BLOCK + "preffn_bn.{leaf}", _LARGE + "preffn_bn.{leaf}"),
    Rule("norm.{leaf}", "norm.{leaf}"),
    Rule("head.fc.{leaf}", "head.{leaf}"),
)

LAYOUTS = (
    Layout(
        "timm",
        "repvgg",
        (*_repvgg_timm("stage0.", "stem."), *_repvgg_timm(_BLOCK, _THEIRS), _HEAD),
        source="timm.models.byobnet",
    ),
    Layout(
        "mmpretrain",
        "repvgg",
        (
            *_repvgg_mmpretrain("stage0.", "backbone.stem."),
            *_repvgg_mmpretrain(_BLOCK, "backbone.stage_{stage}.{block}."),
            _HEAD,
        ),
        source="mmpretrain.models.backbones.repvgg",
    ),
    Layout(
        "timm",
        "mobileone",
        (*_mobileone_timm("stem.", "stem."), *_mobileone_timm(_BLOCK, _THEIRS), _HEAD),
        source="timm.models.byobnet",
    ),
    Layout("replknet_pytorch", "replknet", _REPLKNET, source="github.com/DingXiaoH/RepLKNet-pytorch"),
)
