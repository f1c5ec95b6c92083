"""Inception-v3: `timm.models.inception_v3`, `torchvision.models.inception`."""

from __future__ import annotations

from typing import Any

from tests.zoo.reference import Reference

_STAGES = ("Conv2d_2b_3x3", "Conv2d_4a_3x3", "Mixed_5d", "Mixed_6e", "Mixed_7c")
_DRAWN: dict[str, Any] = {"init_weights": False}

REFERENCES = (
    Reference("inception_v3", "inception_v3", stages=_STAGES, size=107),
    Reference(
        "inception_v3",
        "inception_v3",
        "torchvision",
        size=75,
        stages=_STAGES,
        options={"aux_logits": True, "transform_input": True},
        their_options={**_DRAWN, "aux_logits": True, "transform_input": True},
    ),
)
