"""GhostNet and GhostNet v2: `timm.models.ghostnet`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_STAGES = tuple(f"blocks.{index}" for index in range(9))

REFERENCES = (
    Reference("ghostnet_050", "ghostnet_050", stages=_STAGES, size=64),
    Reference("ghostnet_100", "ghostnet_100", stages=_STAGES, size=33),
    Reference("ghostnetv2_100", "ghostnetv2_100", stages=_STAGES, size=64),
    Reference("ghostnetv2_130", "ghostnetv2_130", stages=_STAGES, size=75),
)

COUNTED = {"ghostnet_130": "ghostnet_130", "ghostnetv2_160": "ghostnetv2_160"}
