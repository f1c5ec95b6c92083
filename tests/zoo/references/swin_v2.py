"""Swin v2: `timm.models.swin_transformer_v2`, `torchvision.models.swin_transformer`."""

from __future__ import annotations

from typing import Any

from tests.zoo.reference import Reference

_LAYERS = ("layers.0", "layers.1", "layers.2", "layers.3")
_SMALL_IMAGES: dict[str, Any] = {"img_size": 64}
# Windows of 5 do not cover maps of 16, 8 and 4 places a side evenly.
_UNEVEN: dict[str, Any] = {"img_size": 64, "window_size": 5, "depths": (2, 2, 2, 2), "embed_dim": 96}
_UNEVEN["num_heads"] = (3, 6, 12, 24)

_TORCHVISION: dict[str, Any] = {
    "library": "torchvision",
    "options": {"img_size": 96, "fill_first": True},
    "stages": ("features.1", "features.3", "features.5", "features.7"),
    "channels_last": True,
    "folded": 2 * 96 + 2 * 192 + 6 * 384 + 2 * 768,  # biases of keys, which are never used
}

REFERENCES = (
    # Maps of 24, 12, 6 and 3 places a side under windows of 8, which torchvision fills up before it rolls them.
    Reference("swinv2_tiny_window8_256", "swin_v2_t", size=96, **_TORCHVISION),
    *(
        Reference(
            name,
            name,
            size=64,
            options=options,
            their_options={**options, "num_classes": 1000},  # some of timm's have those of ImageNet-21k
            stages=_LAYERS,
            channels_last=True,
        )
        for name, options in (
            ("swinv2_tiny_window8_256", _SMALL_IMAGES),
            ("swinv2_tiny_window16_256", _UNEVEN),
            ("swinv2_base_window12_192", _UNEVEN),
            ("swinv2_large_window12_192", _UNEVEN),
            # Distances are measured in the windows of the pre-training.
            ("swinv2_base_window12to16_192to256", _UNEVEN),
        )
    ),
)

COUNTED = {
    name: name
    for name in (
        "swinv2_small_window8_256",
        "swinv2_small_window16_256",
        "swinv2_base_window8_256",
        "swinv2_base_window16_256",
        "swinv2_base_window12to24_192to384",
        "swinv2_large_window12to16_192to256",
        "swinv2_large_window12to24_192to384",
    )
}
