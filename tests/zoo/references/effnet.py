"""EfficientNet, its Lite and second version: `timm.models.efficientnet`, `torchvision.models.efficientnet`."""

from __future__ import annotations

from typing import Any

from tests.zoo.reference import Reference

_TIMM = tuple(f"blocks.{index}" for index in range(7))
_TORCHVISION = tuple(f"features.{index}" for index in range(1, 8))

_EPSILON: dict[str, Any] = {"norm_eps": 1e-3}
"""torchvision's B5 to B7 and all of its v2 keep TensorFlow's."""

REFERENCES = (
    Reference("effnet_b0", "efficientnet_b0", stages=_TIMM, size=64),
    Reference("effnet_b0", "efficientnet_b0", "torchvision", stages=_TORCHVISION, size=64),
    Reference("effnet_b1", "efficientnet_b1", stages=_TIMM, size=64),
    Reference("effnet_b2", "efficientnet_b2", "torchvision", stages=_TORCHVISION, size=64),
    Reference("effnet_b5", "efficientnet_b5", "torchvision", stages=_TORCHVISION, size=32, options=_EPSILON),
    Reference("tf_efficientnet_b0", "tf_efficientnet_b0", stages=_TIMM, size=64),
    Reference("effnet_b0_lite", "efficientnet_lite0", stages=_TIMM, size=64),
    Reference("tf_efficientnet_lite0", "tf_efficientnet_lite0", stages=_TIMM, size=65),
    Reference("effnetv2_s", "efficientnetv2_s", stages=_TIMM[:6], size=64),
    Reference("effnetv2_s", "efficientnet_v2_s", "torchvision", stages=_TORCHVISION[:6], size=64, options=_EPSILON),
    Reference("tf_efficientnetv2_b0", "tf_efficientnetv2_b0", stages=_TIMM[:6], size=64),
    Reference("tf_efficientnetv2_b3", "tf_efficientnetv2_b3", stages=_TIMM[:6], size=64),
)

COUNTED = {
    "effnet_b2": "efficientnet_b2",
    "effnet_b3": "efficientnet_b3",
    "effnet_b4": "efficientnet_b4",
    "effnet_b5": "efficientnet_b5",
    "effnet_b6": "efficientnet_b6",
    "effnet_b7": "efficientnet_b7",
    "effnet_b8": "efficientnet_b8",
    "effnet_l2": "efficientnet_l2",
    "effnet_b1_lite": "efficientnet_lite1",
    "effnet_b2_lite": "efficientnet_lite2",
    "effnet_b3_lite": "efficientnet_lite3",
    "effnet_b4_lite": "efficientnet_lite4",
    "tf_efficientnetv2_b1": "tf_efficientnetv2_b1",
    "tf_efficientnetv2_b2": "tf_efficientnetv2_b2",
    "effnetv2_m": "efficientnetv2_m",
    "effnetv2_l": "efficientnetv2_l",
    "effnetv2_xl": "efficientnetv2_xl",
    "tf_efficientnetv2_xl": "tf_efficientnetv2_xl",
    **{f"tf_efficientnet_b{size}": f"tf_efficientnet_b{size}" for size in range(1, 9)},
    **{f"tf_efficientnet_lite{size}": f"tf_efficientnet_lite{size}" for size in range(1, 5)},
    **{f"tf_efficientnetv2_{size}": f"tf_efficientnetv2_{size}" for size in "sml"},
    "tf_efficientnet_l2": "tf_efficientnet_l2",
}
