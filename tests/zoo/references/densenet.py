"""DenseNet: `timm.models.densenet`, `torchvision.models.densenet`."""

from __future__ import annotations

from tests.zoo.reference import Reference

_STAGES = ("features.denseblock1", "features.denseblock2", "features.denseblock3", "features.norm5")

REFERENCES = (
    Reference("densenet121", "densenet121", stages=_STAGES, size=32),
    # torchvision applies the last activation as a function, so its last map is found nowhere.
    Reference("densenet169", "densenet169", "torchvision", size=32),
    Reference(
        "densenet121",
        "densenet121",
        stages=_STAGES,
        size=29,
        options={"stem_name": "deep", "growth_rate": 12},
        their_options={"stem_type": "deep", "growth_rate": 12},
    ),
)

COUNTED = {
    "densenet161": "densenet161",
    "densenet169": "densenet169",
    "densenet201": "densenet201",
    "densenet264d": "densenet264d",
}
