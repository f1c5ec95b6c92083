"""Layouts of mobile and of later convolutional networks in MMPretrain 1.2 (`mmpretrain.models`).

The names are facts read from the state dictionaries of its models: a `backbone` and a `head`.
"""

from __future__ import annotations

from polynet.weights.elements import Array
from polynet.weights.layouts.batch_norm_eps import third_mobilenet
from polynet.weights.layouts.layout import Layout, Rule
from polynet.weights.layouts.norm_order import mean_before_norm

_BLOCK = "s{stage}.b{block}."
_EXPANDS = _BLOCK + "exp.weight"
_DEEP = _BLOCK + "dwise.weight"
# Only MobileNetV3 squeezes among the MobileNets.
_THIRD = "s3.b1.se.f_ex.0.weight"
_HEAD = Rule("head.fc.{leaf}", "head.fc.{leaf}")


def _unit(canonical: str, foreign: str, when: str = "") -> tuple[Rule, Rule]:
    """A convolution and the batch normalisation after it, which are one module there."""
    return (
        Rule(f"{canonical}.{{leaf}}", f"{foreign}.conv.{{leaf}}", when=when),
        Rule(f"{canonical}_bn.{{leaf}}", f"{foreign}.bn.{{leaf}}", when=when),
    )


def _pair(canonical: str, foreign: str) -> tuple[Rule, Rule]:
    """A convolution `conv` and a normalisation `bn`, which is called so on both sides."""
    return (
        Rule(f"{canonical}.conv.{{leaf}}", f"{foreign}.conv.{{leaf}}"),
        Rule(f"{canonical}.bn.{{leaf}}", f"{foreign}.bn.{{leaf}}"),
    )


def _squeeze(canonical: str, foreign: str, when: str = "") -> tuple[Rule, Rule]:
    return (
        Rule(f"{canonical}se.f_ex.0.{{leaf}}", f"{foreign}se.conv1.conv.{{leaf}}", when=when),
        Rule(f"{canonical}se.f_ex.2.{{leaf}}", f"{foreign}se.conv2.conv.{{leaf}}", when=when),
    )


_V2 = "backbone.layer{stage}.{block-1}.conv."
_V3 = "backbone.layer{index+1}."
_MOBILENET = (
    *_pair("stem", "backbone.layer0"),
    *_unit(_BLOCK + "exp", _V3 + "expand_conv"),
    *_unit(_BLOCK + "dwise", _V3 + "depthwise_conv"),
    *_unit(_BLOCK + "proj", _V3 + "linear_conv"),
    *_squeeze(_BLOCK, _V3),
    *_pair("head", "backbone.layer{blocks+1}"),
    Rule("head.h_fc.{leaf}", "head.layers.0.fc.{leaf}"),
    Rule("head.fc.{leaf}", "head.layers.1.fc.{leaf}"),
)
_MOBILENETS = (
    *(Rule(rule.canonical.source, rule.foreign.source, when=_THIRD) for rule in _MOBILENET),
    *_pair("stem", "backbone.conv1"),
    # The first MobileNet, which never expands, is not there.
    *_unit(_BLOCK + "exp", _V2 + "0", f"s2.b1.exp.weight {_EXPANDS}"),
    *_unit(_BLOCK + "dwise", _V2 + "1", f"s2.b1.exp.weight {_EXPANDS}"),
    *_unit(_BLOCK + "proj", _V2 + "2", f"s2.b1.exp.weight {_EXPANDS}"),
    *_unit(_BLOCK + "dwise", _V2 + "0", f"s2.b1.exp.weight !{_EXPANDS}"),
    *_unit(_BLOCK + "proj", _V2 + "1", f"s2.b1.exp.weight !{_EXPANDS}"),
    *_pair("head", "backbone.conv2"),
    _HEAD,
)

_INVERTED = "backbone.layers.{stage}.{block-1}."
# Stages of the first EfficientNet that work on maps of one size are one list there: 4 and 5, and 6 and 7.
_FIRST = "s1.b1.dwise.weight"
_JOINED = {
    "s5.b{block}.": "backbone.layers.4.{above+block-1}.",
    "s6.b{block}.": "backbone.layers.5.{block-1}.",
    "s7.b{block}.": "backbone.layers.5.{above+block-1}.",
}
_EFFICIENTNET = (
    *_pair("stem", "backbone.layers.0"),
    *(
        rule
        for ours, theirs in _JOINED.items()
        for rule in (
            *_unit(ours + "exp", theirs + "expand_conv", _FIRST),
            *_unit(ours + "dwise", theirs + "depthwise_conv", _FIRST),
            *_unit(ours + "proj", theirs + "linear_conv", _FIRST),
            *_squeeze(ours, theirs, _FIRST),
        )
    ),
    Rule("head.conv.{leaf}", "backbone.layers.6.conv.{leaf}", when=_FIRST),
    Rule("head.bn.{leaf}", "backbone.layers.6.bn.{leaf}", when=_FIRST),
    *_unit(_BLOCK + "exp", _INVERTED + "expand_conv", _DEEP),
    *_unit(_BLOCK + "dwise", _INVERTED + "depthwise_conv"),
    *_unit(_BLOCK + "proj", _INVERTED + "linear_conv", _DEEP),
    *_unit(_BLOCK + "exp", _INVERTED + "conv1"),
    *_unit(_BLOCK + "proj", _INVERTED + "conv2", _EXPANDS),
    Rule(_BLOCK + "proj.{leaf}", _INVERTED + "conv.{leaf}"),
    Rule(_BLOCK + "proj_bn.{leaf}", _INVERTED + "bn.{leaf}"),
    *_squeeze(_BLOCK, _INVERTED),
    *_pair("head", "backbone.layers.{stages+1}"),
    _HEAD,
)

_REPARAMETERISED = "stage{stage}.{block}."


def _branches(canonical: str, foreign: str) -> tuple[Rule, ...]:
    """The branches of a block of MobileOne, or what they merge to."""
    return (
        *(
            Rule(f"{canonical}{ours}.{layer}.{{leaf}}", f"{foreign}{theirs}.{there}.{{leaf}}")
            for ours, theirs in (("conv_kxk.{branch}", "branch_conv_list.{branch}"), ("conv_scale", "branch_scale"))
            for layer, there in (("conv", "conv"), ("bn", "norm"))
        ),
        Rule(f"{canonical}identity.{{leaf}}", f"{foreign}branch_norm.{{leaf}}"),
        Rule(f"{canonical}reparam_conv.{{leaf}}", f"{foreign}branch_reparam.{{leaf}}"),
        *_squeeze(canonical, foreign),
    )


_LARGE = "backbone.stages.{stage-1}.blocks.{block}."
_REPLKNET = (
    *_pair("stem.{item}", "backbone.stem.{item}"),
    *_pair("transitions.{stage}.{item}", "backbone.transitions.{stage}.{item}"),
    *(
        rule
        for part in ("pw1", "pw2", "large_kernel.lkb_origin", "large_kernel.small_conv")
        for rule in _pair(_REPARAMETERISED + part, _LARGE + part)
    ),
    *(
        Rule(f"{_REPARAMETERISED}{part}.{{leaf}}", f"{_LARGE}{part}.{{leaf}}")
        for part in ("large_kernel.lkb_reparam", "prelkb_bn", "preffn_bn")
    ),
    # The last of its four stages has a norm of its own.
    Rule("norm.{leaf}", "backbone.stages.3.norm.{leaf}"),
    _HEAD,
)


def pointwise_as_linear(weight: Array) -> Array:
    """The weight of a convolution of one place as that of a linear layer.

    Example:
        >>> import numpy as np
        >>> pointwise_as_linear(np.zeros((8, 4, 1, 1))).shape
        (8, 4)
    """
    return weight.reshape(weight.shape[:2]) if weight.ndim == 4 and weight.shape[2:] == (1, 1) else weight


_CONVNEXT_BLOCK = "s{stage}.blocks.{block}."
_CONVNEXT_THERE = "backbone.stages.{stage-1}.{block}."
_CONVNEXT = (
    Rule("stem.{item}.{leaf}", "backbone.downsample_layers.0.{item}.{leaf}"),
    Rule("s{stage}.downsample.{item}.{leaf}", "backbone.downsample_layers.{stage-1}.{item}.{leaf}"),
    Rule(_CONVNEXT_BLOCK + "conv_dw.{leaf}", _CONVNEXT_THERE + "depthwise_conv.{leaf}"),
    Rule(_CONVNEXT_BLOCK + "norm.{leaf}", _CONVNEXT_THERE + "norm.{leaf}"),
    *(
        Rule(
            f"{_CONVNEXT_BLOCK}mlp.fc{number}.{{leaf}}",
            f"{_CONVNEXT_THERE}pointwise_conv{number}.{{leaf}}",
            reorder=pointwise_as_linear,
        )
        for number in (1, 2)
    ),
    Rule(_CONVNEXT_BLOCK + "mlp.grn.weight", _CONVNEXT_THERE + "grn.gamma"),
    Rule(_CONVNEXT_BLOCK + "mlp.grn.bias", _CONVNEXT_THERE + "grn.beta"),
    Rule(_CONVNEXT_BLOCK + "gamma", _CONVNEXT_THERE + "gamma"),
    # Each of its four stages may put out maps, each under a norm of its own: the last one's stands before the head.
    Rule("head.norm.{leaf}", "backbone.norm3.{leaf}"),
    _HEAD,
)

_PLACE = "mmpretrain.models.backbones."
LAYOUTS = (
    Layout(
        "mmpretrain",
        "mbnet",
        _MOBILENETS,
        otherwise=third_mobilenet,
        source=_PLACE + "mobilenet_v2, .mobilenet_v3",
    ),
    # Padding and epsilon there are TensorFlow's: ours with the prefix `tf_` equal them.
    Layout("mmpretrain", "effnet", _EFFICIENTNET, source=_PLACE + "efficientnet, .efficientnet_v2"),
    Layout(
        "mmpretrain",
        "mobileone",
        (
            *_branches("stem.", "backbone.stage0."),
            *_branches(_REPARAMETERISED, "backbone.stage{stage}.{block}."),
            _HEAD,
        ),
        source=_PLACE + "mobileone",
    ),
    Layout("mmpretrain", "replknet", _REPLKNET, source=_PLACE + "replknet"),
    Layout("mmpretrain", "convnext", _CONVNEXT, otherwise=mean_before_norm, source=_PLACE + "convnext"),
)
