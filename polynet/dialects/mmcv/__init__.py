"""mmcv: layers made from little configs, as MMPretrain's backbones use them."""

from __future__ import annotations

import importlib
from typing import Any

from polynet.dialects.layout import lay_out
from polynet.errors import unknown_attribute

_BRICKS = "polynet.models.bricks"
_HOMES = {
    "ConvModule": f"{_BRICKS}.conv_module",
    "build_activation_layer": f"{_BRICKS}.activation",
    "build_conv_layer": f"{_BRICKS}.convolution",
    "build_norm_layer": f"{_BRICKS}.normalisation",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before."""
    if name not in _HOMES:
        raise unknown_attribute(__name__, name, __all__)
    return getattr(importlib.import_module(_HOMES[name]), name)


lay_out(__name__, {"cnn": tuple(_HOMES), "cnn.bricks": tuple(_HOMES)})
