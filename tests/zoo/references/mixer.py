"""MLP-Mixer: `timm.models.mlp_mixer`."""

from __future__ import annotations

from tests.zoo.reference import Reference

REFERENCES = tuple(
    Reference(
        name,
        name,
        size=96,
        options={"img_size": 96},
        their_options={"img_size": 96},
        stages=tuple(f"blocks.{index}" for index in range(8 if "_s" in name else 12)),
        prefix=0,
    )
    for name in ("mixer_s32_224", "mixer_s16_224", "mixer_b32_224")
)

COUNTED = {name: name for name in ("mixer_b16_224", "mixer_l32_224", "mixer_l16_224")}
