"""Layouts of Inception-v3 and GoogLeNet, whose names are torchvision's here; only the head has its own place.

The names are facts of torchvision 0.29 (`torchvision.models.inception`, `.googlenet`) and timm 1.0
(`timm.models.inception_v3`), read from the state dictionaries of their models.
"""

from __future__ import annotations

from collections.abc import Iterable

from polynet.weights.layouts.layout import Layout, Rule

_DOUBLE = ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3")
_A = ("branch1x1", "branch5x5_1", "branch5x5_2", *_DOUBLE, "branch_pool")
_B = ("branch3x3", *_DOUBLE)
_C = (
    "branch1x1",
    *(f"branch7x7_{index}" for index in range(1, 4)),
    *(f"branch7x7dbl_{index}" for index in range(1, 6)),
    "branch_pool",
)
_D = ("branch3x3_1", "branch3x3_2", *(f"branch7x7x3_{index}" for index in range(1, 5)))
_E = (
    "branch1x1",
    *("branch3x3_1", "branch3x3_2a", "branch3x3_2b"),
    *("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3a", "branch3x3dbl_3b"),
    "branch_pool",
)
_MIXED = {
    **dict.fromkeys(("Mixed_5b", "Mixed_5c", "Mixed_5d"), _A),
    "Mixed_6a": _B,
    **dict.fromkeys(("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"), _C),
    "Mixed_7a": _D,
    **dict.fromkeys(("Mixed_7b", "Mixed_7c"), _E),
}
_UNITS = (
    *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"),
    *(f"{name}.{branch}" for name, branches in _MIXED.items() for branch in branches),
    *("AuxLogits.conv0", "AuxLogits.conv1"),
)
_BRANCHES = ("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1")
_GOOGLENET_UNITS = (
    *("conv1", "conv2", "conv3"),
    *(
        f"inception{name}.{branch}"
        for name in ("3a", "3b", *(f"4{x}" for x in "abcde"), "5a", "5b")
        for branch in _BRANCHES
    ),
    *("aux1.conv", "aux2.conv"),
)


def _kept(parts: Iterable[str]) -> Iterable[Rule]:
    """Rules for parts that are called alike."""
    return (Rule(f"{part}.{{leaf}}", f"{part}.{{leaf}}") for part in parts)


def _layers(units: Iterable[str]) -> Iterable[str]:
    return (f"{unit}.{layer}" for unit in units for layer in ("conv", "bn"))


INCEPTION = (*_kept((*_layers(_UNITS), "AuxLogits.fc")), Rule("head.fc.{leaf}", "fc.{leaf}"))

LAYOUTS = (
    Layout("torchvision", "inception", INCEPTION, source="torchvision.models.inception"),
    Layout("timm", "inception", INCEPTION, source="timm.models.inception_v3"),
    Layout(
        "torchvision",
        "googlenet",
        (
            *_kept((*_layers(_GOOGLENET_UNITS), "aux1.fc1", "aux1.fc2", "aux2.fc1", "aux2.fc2")),
            Rule("head.fc.{leaf}", "fc.{leaf}"),
        ),
        source="torchvision.models.googlenet",
    ),
)
