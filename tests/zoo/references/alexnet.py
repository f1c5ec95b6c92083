"""AlexNet: `torchvision.models.alexnet`."""

from __future__ import annotations

from tests.zoo.reference import Reference

REFERENCES = (
    Reference("alexnet", "alexnet", "torchvision", size=63, stages=("features.2", "features.5", "features.12")),
)
