"""Layouts of convolutional networks in MMPretrain 1.2 (`mmpretrain.models`).

The names are facts read from the state dictionaries of its models: a `backbone` and a `head`, in HRNet with a `neck`
between them.
"""

from __future__ import annotations

from collections.abc import Iterable

from polynet.weights.layouts.convolutional import RESNET
from polynet.weights.layouts.high_resolution import FUSED, residual_blocks
from polynet.weights.layouts.inception import INCEPTION
from polynet.weights.layouts.layout import Absorbed, Fold, Layout, Rule
from polynet.weights.layouts.residual import SCALES, SPLIT_ATTENTION

_BLOCK = "s{stage}.b{block}."
_RESIDUAL = "backbone.layer{stage}.{block-1}."
_HEAD = Rule("head.fc.{leaf}", "head.fc.{leaf}")


def _within(prefix: str, rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules of a library whose names these are, behind a prefix; the head's are left out."""
    return tuple(
        Rule(rule.canonical.source, prefix + rule.foreign.source, when=rule.when)
        for rule in rules
        if not rule.canonical.source.startswith("head.")
    )


def _shortcut(place: str, number: int, when: str, foreign: str = _RESIDUAL) -> tuple[Rule, ...]:
    """A shortcut's convolution and normalisation, which are the items from `number` on of a list."""
    return (
        Rule(place + "proj.{leaf}", f"{foreign}downsample.{number}.{{leaf}}", when=when),
        Rule(place + "bn.{leaf}", f"{foreign}downsample.{number + 1}.{{leaf}}", when=when),
    )


_DEEP_STEM = tuple(
    Rule(f"stem.{part}{ours}.{{leaf}}", f"backbone.stem.{number}.{theirs}.{{leaf}}")
    for number, part in enumerate("abc")
    for ours, theirs in (("", "conv"), ("_bn", "bn"))
)
_SQUEEZE = (
    Rule(_BLOCK + "se.f_ex.0.{leaf}", _RESIDUAL + "se_layer.conv1.conv.{leaf}"),
    Rule(_BLOCK + "se.f_ex.2.{leaf}", _RESIDUAL + "se_layer.conv2.conv.{leaf}"),
)
_RESNET = (
    *_DEEP_STEM,
    # A pooling stands before a shortcut's convolution only where it halves the map.
    *_shortcut("s1.b{block}.", 0, "stem.a.weight", "backbone.layer1.{block-1}."),
    *_shortcut(_BLOCK, 1, "stem.a.weight"),
    *_within("backbone.", RESNET),
    *_SQUEEZE,
    _HEAD,
)
_RES2NET = (
    *_DEEP_STEM,
    # Here a pooling, of one place if need be, stands before every one.
    *_shortcut(_BLOCK, 1, "stem.a.weight"),
    *_within("backbone.", (*RESNET, *SCALES)),
    _HEAD,
)

_FEATURE = "backbone.features.{index+stage-1}."
_VGG = (
    Rule(_BLOCK + "0.{leaf}", _FEATURE + "conv.{leaf}"),
    Rule(_BLOCK + "1.{leaf}", _FEATURE + "bn.{leaf}"),
    Rule("head.classifier.{item}.{leaf}", "backbone.classifier.{item}.{leaf}"),
)

_LAYER = "s{stage}.layers.{layer}."
_DENSENET = (
    Rule("stem.conv0.{leaf}", "backbone.stem.0.{leaf}"),
    Rule("stem.norm0.{leaf}", "backbone.stem.1.{leaf}"),
    *(
        Rule(f"{_LAYER}{part}.{{leaf}}", f"backbone.stages.{{stage-1}}.block.{{layer}}.{part}.{{leaf}}")
        for part in ("norm1", "conv1", "norm2", "conv2")
    ),
    Rule("s{stage}.transition.norm.{leaf}", "backbone.transitions.{stage-2}.norm.{leaf}"),
    Rule("s{stage}.transition.conv.{leaf}", "backbone.transitions.{stage-2}.conv.{leaf}"),
    Rule("s{stage}.norm.{leaf}", "backbone.transitions.{stage-1}.0.{leaf}"),
    _HEAD,
)

_SHUFFLE = "stage{stage}.{block}."
_SHUFFLE_THERE = "backbone.layers.{stage}.{block}."
_BRANCHES = {
    "branch_proj": ("branch1", ((0, "0.conv"), (1, "0.bn"), (2, "1.conv"), (3, "1.bn"))),
    "branch_main": (
        "branch2",
        ((0, "0.conv"), (1, "0.bn"), (3, "1.conv"), (4, "1.bn"), (5, "2.conv"), (6, "2.bn")),
    ),
}
# As torchvision's: only networks of `SNV2EvenBlock` have these shapes; see polynet.models.networks.snet.
_SHUFFLENET = (
    Rule("stem.conv.{leaf}", "backbone.conv1.conv.{leaf}"),
    Rule("stem.bn.{leaf}", "backbone.conv1.bn.{leaf}"),
    *(
        Rule(f"{_SHUFFLE}{ours}.{item}.{{leaf}}", f"{_SHUFFLE_THERE}{branch}.{layer}.{{leaf}}")
        for ours, (branch, layers) in _BRANCHES.items()
        for item, layer in layers
    ),
    Rule("head.conv.{leaf}", "backbone.layers.3.conv.{leaf}"),
    Rule("head.bn.{leaf}", "backbone.layers.3.bn.{leaf}"),
    _HEAD,
)

_HRNET = (
    *_within("backbone.", FUSED),
    *residual_blocks("merge.branch{stream}", "neck.0.increase_layers.{stream-1}.0"),
    *(
        Rule(f"{ours}.{{leaf}}", f"neck.0.{theirs}.{{leaf}}")
        for ours, theirs in (
            ("merge.dnsample{stream}.conv", "downsample_layers.{stream-1}.conv"),
            ("merge.dnsample{stream}.norm", "downsample_layers.{stream-1}.bn"),
            ("head.conv", "final_layer.conv"),
            ("head.bn", "final_layer.bn"),
        )
    ),
    _HEAD,
)

_PLACE = "mmpretrain.models.backbones."
LAYOUTS = (
    Layout("mmpretrain", "resnet", _RESNET, source=_PLACE + "resnet, .resnext, .seresnet"),
    # Its weights are for BGR images: mean (103.53, 116.28, 123.675), deviation (57.375, 57.12, 58.395) of 0 to 255.
    Layout("mmpretrain", "regnet", _RESNET, source=_PLACE + "regnet"),
    Layout("mmpretrain", "res2net", _RES2NET, source=_PLACE + "res2net"),
    Layout(
        "mmpretrain",
        "resnest",
        (*_within("backbone.", SPLIT_ATTENTION), *_RESNET),
        source=_PLACE + "resnest",
    ),
    Layout(
        "mmpretrain",
        "vgg",
        _VGG,
        (Fold(_BLOCK + "1.running_mean", _FEATURE + "conv.bias", when="!" + _BLOCK + "0.bias"),),
        source=_PLACE + "vgg",
    ),
    Layout(
        "mmpretrain",
        "alexnet",
        (
            Rule("features.{item}.{leaf}", "backbone.features.{item}.{leaf}"),
            Rule("head.classifier.{item}.{leaf}", "backbone.classifier.{item}.{leaf}"),
        ),
        source=_PLACE + "alexnet",
    ),
    Layout("mmpretrain", "densenet", _DENSENET, source=_PLACE + "densenet"),
    Layout("mmpretrain", "snet", _SHUFFLENET, source=_PLACE + "shufflenet_v2"),
    Layout(
        "mmpretrain",
        "hrnet",
        _HRNET,
        # The convolutions that lead down have no biases there, since a normalisation follows each.
        absorbed=(Absorbed("merge.dnsample{stream}.conv.bias", "merge.dnsample{stream}.norm.running_mean"),),
        source=_PLACE + "hrnet, mmpretrain.models.necks.hr_fuse",
    ),
    # Its classifier is a part of the backbone.
    Layout(
        "mmpretrain",
        "inception",
        (*_within("backbone.", INCEPTION), Rule("head.fc.{leaf}", "backbone.fc.{leaf}")),
        source=_PLACE + "inception_v3",
    ),
)
