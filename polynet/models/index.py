"""Which module defines which name, by kind: data only, so that names can be listed without importing a model.

A test imports every module named here and compares what it registers with what this table says, both ways.
"""

from __future__ import annotations

INDEX: dict[str, dict[str, tuple[str, ...]]] = {
    "network": {
        "polynet.models.networks.resnet": (
            "ResNet",
            "resnet18",
            "resnet34",
            "resnet50",
            "resnet101",
            "resnet152",
            "resnet18d",
            "resnet34d",
            "resnet50d",
            "resnet101d",
            "resnet152d",
            "resnext50_32x4d",
            "resnext101_32x4d",
            "resnext101_32x8d",
            "resnext101_64x4d",
            "resnext152_32x4d",
            "resnext152_32x8d",
            "resnext152_64x4d",
            "se_resnet18",
            "se_resnet34",
            "se_resnet50",
            "se_resnet101",
            "se_resnet152",
            "se_resnext50_32x4d",
            "se_resnext101_32x4d",
            "se_resnext101_32x8d",
            "se_resnext101_64x4d",
            "se_resnext152_32x4d",
            "se_resnext152_32x8d",
            "se_resnext152_64x4d",
            "wide_resnet50_2",
            "wide_resnet101_2",
        ),
    },
    "backbone": {},
    "neck": {},
    "head": {
        "polynet.models.heads.cls_head": ("ClsHead",),
        "polynet.models.heads.linear_head": ("LinearHead",),
        "polynet.models.heads.mbv3_head": ("MBV3Head",),
        "polynet.models.heads.vgg_head": ("VGGHead",),
    },
    "loss": {},
    "metric": {},
    "tokenizer": {},
    "tuner": {},
    "target": {},
}
