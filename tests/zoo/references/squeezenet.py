"""SqueezeNet: `torchvision.models.squeezenet`."""

from __future__ import annotations

from tests.zoo.reference import Reference

REFERENCES = (
    Reference(
        "squeezenet1_0",
        "squeezenet1_0",
        "torchvision",
        stages=("features.1", "features.5", "features.10", "features.12"),
        size=64,
    ),
    Reference(
        "squeezenet1_1",
        "squeezenet1_1",
        "torchvision",
        stages=("features.1", "features.4", "features.7", "features.12"),
        size=65,
    ),
    Reference("squeezenet1_1", "squeezenet1_1", "torchvision", size=17),
)
