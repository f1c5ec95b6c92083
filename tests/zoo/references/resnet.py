"""ResNet and its relatives: `timm.models.resnet`, `torchvision.models.resnet`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_LAYERS = ("layer1", "layer2", "layer3", "layer4")

REFERENCES = (
    Reference("resnet18", "resnet18", stages=_LAYERS, size=64),
    Reference("resnet50", "resnet50", stages=_LAYERS, size=64),
    Reference("resnet50", "resnet50", "torchvision", stages=_LAYERS, size=64),
    Reference("resnet50d", "resnet50d", stages=_LAYERS, size=64),
    Reference("resnext50_32x4d", "resnext50_32x4d", stages=_LAYERS, size=64),
    Reference("se_resnet50", "seresnet50", stages=_LAYERS, size=64),
)

COUNTED = {
    "resnet34": "resnet34",
    "resnet101": "resnet101",
    "resnet152": "resnet152",
    **{f"resnet{depth}d": f"resnet{depth}d" for depth in (18, 34, 101, 152)},
    **{f"resnext101_{form}": f"resnext101_{form}" for form in ("32x4d", "32x8d", "64x4d")},
    **{f"se_resnext{form}": f"seresnext{form}" for form in ("50_32x4d", "101_32x4d", "101_32x8d", "101_64x4d")},
}
