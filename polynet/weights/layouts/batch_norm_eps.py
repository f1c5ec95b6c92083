"""What other libraries' mobile networks add to the variances of a batch, where ours of the same weights add 1e-5."""

from __future__ import annotations

import math
from typing import Any

from polynet.weights.layouts.difference import Difference

_SLIM = 1e-3
"""TensorFlow Slim's, which the checkpoints of these networks were first trained with."""

_WIDE = 512
"""Channels of EfficientNet-B5's last stage: from there on torchvision adds `_SLIM`."""


def third_mobilenet(net: Any) -> Difference | None:
    """What torchvision's and MMPretrain's MobileNetV3 adds otherwise than a network; `None` where nothing.

    Example:
        >>> third_mobilenet(polynet.build("mbnetv3_small_x100", backend="shapes"))
        Difference(said='has norm_eps=0.001, this one 1e-05', options={'norm_eps': 0.001})
        >>> third_mobilenet(polynet.build("mbnetv3_small_x100", backend="shapes", norm_eps=1e-3)) is None
        True
    """
    return _slim(net) if _has(net, "Hardswish") else None


def torchvision_efficientnet(net: Any) -> Difference | None:
    """What torchvision's EfficientNet-B5 to B7 and EfficientNetV2 add otherwise than a network; `None` where nothing.

    Example:
        >>> torchvision_efficientnet(polynet.build("effnetv2_s", backend="shapes")).options["norm_eps"]
        0.001
        >>> torchvision_efficientnet(polynet.build("effnet_b0", backend="shapes")) is None
        True
    """
    return _slim(net) if _has(net, "FuseMBConv") or net.stages[-1].channels >= _WIDE else None


def _has(net: Any, kind: str) -> bool:
    return any(type(module).__name__ == kind for module in net.modules())


def _slim(net: Any) -> Difference | None:
    own = next((module.eps for module in net.modules() if hasattr(module, "eps")), _SLIM)
    if math.isclose(own, _SLIM):
        return None
    return Difference(f"has norm_eps={_SLIM}, this one {own}", {"norm_eps": _SLIM})
