"""MobileNet v1, v2 and v3 of timm (`efficientnet`, `mobilenetv3`) and torchvision (`mobilenetv2`, `mobilenetv3`).

BaseCls narrows the head of the narrow third ones, timm and torchvision do not, so that only those of the usual width
can be compared.
"""

from __future__ import annotations

from tests.zoo.reference import Reference

_V1 = tuple(f"blocks.{index}" for index in range(5))
_V2 = tuple(f"blocks.{index}" for index in range(7))
_LARGE = tuple(f"blocks.{index}" for index in range(6))
_SMALL = tuple(f"blocks.{index}" for index in range(5))

# torchvision's networks are one list of blocks; the last of each stage.
_V2_LIST = tuple(f"features.{index}" for index in (1, 3, 6, 10, 13, 16, 17))
_LARGE_LIST = tuple(f"features.{index}" for index in (1, 3, 6, 10, 12, 15))
_SMALL_LIST = tuple(f"features.{index}" for index in (1, 3, 6, 8, 11))

_EPSILON = {"norm_eps": 1e-3}
_TF = {"norm_eps": 1e-3, "same_padding": True}

REFERENCES = (
    Reference("mbnetv1_x100", "mobilenetv1_100", stages=_V1, size=64),
    Reference("mbnetv2_x100", "mobilenetv2_100", stages=_V2, size=64),
    Reference("mbnetv2_x035", "mobilenetv2_035", stages=_V2, size=64),
    Reference("mbnetv2_x140", "mobilenetv2_140", stages=_V2, size=64),
    Reference("mbnetv2_x100", "mobilenet_v2", "torchvision", stages=_V2_LIST, size=64),
    Reference("mbnetv3_small_x100", "mobilenetv3_small_100", stages=_SMALL, size=64),
    Reference("mbnetv3_large_x100", "mobilenetv3_large_100", stages=_LARGE, size=64),
    Reference("mbnetv3_large_x100", "tf_mobilenetv3_large_100", stages=_LARGE, size=64, options=_TF),
    Reference("mbnetv3_small_x100", "mobilenet_v3_small", "torchvision", stages=_SMALL_LIST, size=64, options=_EPSILON),
    Reference("mbnetv3_large_x100", "mobilenet_v3_large", "torchvision", stages=_LARGE_LIST, size=64, options=_EPSILON),
)

COUNTED = {"mbnetv2_x050": "mobilenetv2_050", "mbnetv2_x075": "mobilenetv2_075"}
