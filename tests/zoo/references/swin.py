"""Swin: `timm.models.swin_transformer`, `torchvision.models.swin_transformer`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_LAYERS = ("layers.0", "layers.1", "layers.2", "layers.3")
_TINY = "swin_tiny_patch4_window7_224"

REFERENCES = (
    # Maps of 28, 14, 7 and 4 places a side: the last is smaller than a window, and the one before has an odd side.
    Reference(
        _TINY,
        _TINY,
        size=112,
        options={"img_size": 112},
        their_options={"img_size": 112},
        stages=_LAYERS,
        channels_last=True,
    ),
    # Maps which windows do not cover evenly: 16, 8 and 4 places a side under windows of 5.
    Reference(
        _TINY,
        _TINY,
        size=64,
        options={"img_size": 64, "window_size": 5, "depths": (2, 2, 2, 2)},
        their_options={"img_size": 64, "window_size": 5, "depths": (2, 2, 2, 2)},
        stages=_LAYERS,
        channels_last=True,
    ),
    # Maps of 24, 12, 6 and 3 places a side under windows of 7, which torchvision fills up before it rolls them.
    Reference(
        _TINY,
        "swin_t",
        "torchvision",
        size=96,
        options={"img_size": 96, "fill_first": True},
        stages=("features.1", "features.3", "features.5", "features.7"),
        channels_last=True,
    ),
)

COUNTED = {
    name: name
    for name in (
        "swin_small_patch4_window7_224",
        "swin_base_patch4_window7_224",
        "swin_base_patch4_window12_384",
        "swin_large_patch4_window7_224",
        "swin_large_patch4_window12_384",
    )
}
