"""Res2Net: `timm.models.res2net`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_LAYERS = ("layer1", "layer2", "layer3", "layer4")

REFERENCES = (
    Reference("res2net50_26w_4s", "res2net50_26w_4s", stages=_LAYERS, size=64),
    Reference("res2net50_48w_2s", "res2net50_48w_2s", stages=_LAYERS, size=64),
    Reference("res2net50d", "res2net50d", stages=_LAYERS, size=64),
    Reference("res2next50", "res2next50", stages=_LAYERS, size=64),
)

COUNTED = {
    name: name
    for name in ("res2net50_14w_8s", "res2net50_26w_6s", "res2net50_26w_8s", "res2net101_26w_4s", "res2net101d")
}
