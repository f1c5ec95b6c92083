"""ConvNeXt: `timm.models.convnext`, `torchvision.models.convnext`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_STAGES = ("stages.0", "stages.1", "stages.2", "stages.3")
_FEATURES = ("features.1", "features.3", "features.5", "features.7")

REFERENCES = (
    Reference("convnext_atto", "convnext_atto", stages=_STAGES, size=64),
    Reference("convnext_pico_ols", "convnext_pico_ols", stages=_STAGES, size=61),
    Reference("convnext_nano_ols", "convnext_nano_ols", stages=_STAGES, size=64),
    Reference("convnext_tiny", "convnext_tiny", stages=_STAGES, size=64),
    Reference("convnext_tiny", "convnext_tiny", "torchvision", stages=_FEATURES, size=64),
    Reference("convnext_tiny_hnf", "convnext_tiny_hnf", stages=_STAGES, size=64),
    Reference("convnextv2_atto", "convnextv2_atto", stages=_STAGES, size=64),
    Reference("convnextv2_tiny", "convnextv2_tiny", stages=_STAGES, size=64),
    Reference(
        "convnext_atto",
        "convnext_atto",
        size=32,
        options={"conv_mlp": False, "head": {"width": 24}},
        their_options={"conv_mlp": False, "head_hidden_size": 24},
    ),
)

COUNTED = {
    name: name
    for name in (
        *("convnext_femto", "convnext_femto_ols", "convnext_atto_ols", "convnext_pico", "convnext_nano"),
        *("convnext_small", "convnext_base", "convnext_large", "convnext_large_mlp", "convnext_xlarge"),
        *("convnext_xxlarge", "convnextv2_femto", "convnextv2_pico", "convnextv2_nano", "convnextv2_small"),
        *("convnextv2_base", "convnextv2_large", "convnextv2_huge"),
    )
}
