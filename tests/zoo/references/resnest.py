"""ResNeSt: `timm.models.resnest`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_LAYERS = ("layer1", "layer2", "layer3", "layer4")

REFERENCES = (
    Reference("resnest14d", "resnest14d", stages=_LAYERS, size=64),
    Reference("resnest50d_1s4x24d", "resnest50d_1s4x24d", stages=_LAYERS, size=64),
    Reference("resnest50d_4s2x40d", "resnest50d_4s2x40d", stages=_LAYERS, size=64),
)

COUNTED = {name: name for name in ("resnest26d", "resnest50d", "resnest101e", "resnest200e", "resnest269e")}
