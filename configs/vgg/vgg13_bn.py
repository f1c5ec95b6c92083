"""VGG-13 with batch normalisation. Simonyan and Zisserman 2015, arXiv:1409.1556."""

_base_ = "../_base_/vgg.py"

_cfg = dict(
    published=dict(
        parameters=133.05e6,
        multiply_adds=11.308e9,
        top1=71.586,
        source="torchvision, VGG13_BN_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="vgg13_bn"),
)
