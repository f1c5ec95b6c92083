"""Layout of HRNet: streams of several resolutions.

The names are facts of timm 1.0 (`timm.models.hrnet`), read from the state dictionaries of its models.
"""

from __future__ import annotations

from polynet.weights.layouts.layout import Fold, Layout, Rule

_STREAMS = 4
"""Most streams that timm's networks have."""

_PARTS = {
    "a": "conv1",
    "a_bn": "bn1",
    "b": "conv2",
    "b_bn": "bn2",
    "c": "conv3",
    "c_bn": "bn3",
    "proj": "downsample.0",
    "bn": "downsample.1",
}


def residual_blocks(canonical: str, foreign: str) -> tuple[Rule, ...]:
    """The parts of a residual block."""
    return tuple(
        Rule(f"{canonical}.{ours}.{{leaf}}", f"{foreign}.{theirs}.{{leaf}}") for ours, theirs in _PARTS.items()
    )


def _fusions() -> tuple[Rule, ...]:
    """From each stream to each other: down in steps that are lists of their own, up in one."""
    rules: list[Rule] = []
    for start in range(1, _STREAMS + 1):
        for goal in range(1, _STREAMS + 1):
            if start != goal:
                ours = f"stage{{stage}}.module{{module}}.fusion.fuse_{start}_{goal}"
                theirs = f"stage{{stage}}.{{module-1}}.fuse_layers.{goal - 1}.{start - 1}"
                step = ".{step-1}" if start < goal else ""
                rules.append(Rule(f"{ours}.conv_{{step}}.{{leaf}}", f"{theirs}{step}.0.{{leaf}}"))
                rules.append(Rule(f"{ours}.norm_{{step}}.{{leaf}}", f"{theirs}{step}.1.{{leaf}}"))
    return tuple(rules)


def _transitions() -> tuple[Rule, ...]:
    """Streams that were there before change their width; new ones are lists of steps."""
    ours = "stage{stage}.transition.trans_{stream}"
    theirs = "transition{stage-1}.{stream-1}"
    known = "stage{stage-1}.module1.branch{stream}.block1.a.weight"
    return (
        Rule(f"{ours}.conv_1.{{leaf}}", f"{theirs}.0.{{leaf}}", when=known),
        Rule(f"{ours}.norm_1.{{leaf}}", f"{theirs}.1.{{leaf}}", when=known),
        Rule(f"{ours}.conv_{{step}}.{{leaf}}", f"{theirs}.{{step-1}}.0.{{leaf}}", when="!" + known),
        Rule(f"{ours}.norm_{{step}}.{{leaf}}", f"{theirs}.{{step-1}}.1.{{leaf}}", when="!" + known),
    )


FUSED = (
    Rule("stem.conv_{step}.{leaf}", "conv{step}.{leaf}"),
    Rule("stem.norm_{step}.{leaf}", "bn{step}.{leaf}"),
    # The first stage is one plain list of blocks there.
    *residual_blocks("stage1.module1.branch1.block{block}", "layer1.{block-1}"),
    *_transitions(),
    *residual_blocks(
        "stage{stage}.module{module}.branch{stream}.block{block}",
        "stage{stage}.{module-1}.branches.{stream-1}.{block-1}",
    ),
    *_fusions(),
)
_HRNET = (
    *FUSED,
    *residual_blocks("merge.branch{stream}", "incre_modules.{stream-1}.0"),
    Rule("merge.dnsample{stream}.conv.{leaf}", "downsamp_modules.{stream-1}.0.{leaf}"),
    Rule("merge.dnsample{stream}.norm.{leaf}", "downsamp_modules.{stream-1}.1.{leaf}"),
    Rule("head.conv.{leaf}", "final_layer.0.{leaf}"),
    Rule("head.bn.{leaf}", "final_layer.1.{leaf}"),
    Rule("head.fc.{leaf}", "classifier.{leaf}"),
)

LAYOUTS = (
    Layout(
        "timm",
        "hrnet",
        _HRNET,
        # The head's convolution has a bias there, although a normalisation follows.
        (Fold("head.bn.running_mean", "final_layer.0.bias"),),
        source="timm.models.hrnet",
    ),
)
