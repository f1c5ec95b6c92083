"""VGG: `timm.models.vgg`, `torchvision.models.vgg`; few rows, for one layer has a hundred million weights."""

from __future__ import annotations

from tests.zoo.reference import Reference

REFERENCES = (
    Reference(
        "vgg11",
        "vgg11",
        "torchvision",
        size=32,
        stages=("features.2", "features.5", "features.10", "features.15", "features.20"),
    ),
    # timm's convolutions have biases before the normalisation too, which the layout folds into its running means.
    Reference(
        "vgg13_bn",
        "vgg13_bn",
        size=32,
        stages=("features.6", "features.13", "features.20", "features.27", "features.34"),
        options={"conv_bias": True},
    ),
)

# Where a normalisation follows, theirs have a bias that ours leave out by default.
COUNTED = {name: name for name in ("vgg11", "vgg13", "vgg16", "vgg19")}
