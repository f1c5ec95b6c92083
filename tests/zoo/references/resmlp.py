"""ResMLP: `timm.models.mlp_mixer`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_BLOCKS = tuple(f"blocks.{index}" for index in range(12))

REFERENCES = (
    Reference(
        "resmlp_s12",
        "resmlp_12_224",
        size=64,
        options={"img_size": 64},
        their_options={"img_size": 64},
        stages=_BLOCKS,
        prefix=0,
    ),
)

COUNTED = {"resmlp_s24": "resmlp_24_224", "resmlp_s36": "resmlp_36_224", "resmlp_b24": "resmlp_big_24_224"}
