"""ShuffleNet v2: `torchvision.models.shufflenetv2`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_STAGES = ("stage2", "stage3", "stage4")

REFERENCES = (
    Reference("shufflenet_v2_x0_5", "shufflenet_v2_x0_5", "torchvision", stages=_STAGES, size=64),
    Reference("shufflenet_v2_x1_0", "shufflenet_v2_x1_0", "torchvision", stages=_STAGES, size=63),
    Reference("shufflenet_v2_x2_0", "shufflenet_v2_x2_0", "torchvision", stages=_STAGES, size=32),
)

COUNTED_BY = "torchvision"
COUNTED = {"shufflenet_v2_x1_5": "shufflenet_v2_x1_5"}
