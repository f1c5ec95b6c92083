"""RepVGG: `timm.models.byobnet`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_STAGES = tuple(f"stages.{index}" for index in range(4))

REFERENCES = (
    Reference("repvgg_a0", "repvgg_a0", stages=_STAGES, size=64),
    Reference("repvgg_b1g4", "repvgg_b1g4", stages=_STAGES, size=32),
)

COUNTED = {
    "repvgg_a1": "repvgg_a1",
    "repvgg_a2": "repvgg_a2",
    "repvgg_b0": "repvgg_b0",
    "repvgg_b1": "repvgg_b1",
    "repvgg_b2": "repvgg_b2",
    "repvgg_b2g4": "repvgg_b2g4",
    "repvgg_b3": "repvgg_b3",
    "repvgg_b3g4": "repvgg_b3g4",
    "repvgg_d2": "repvgg_d2se",
}
