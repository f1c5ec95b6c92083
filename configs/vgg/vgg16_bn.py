"""VGG-16 with batch normalisation. Simonyan and Zisserman 2015, arXiv:1409.1556."""

_base_ = "../_base_/vgg.py"

_cfg = dict(
    published=dict(
        parameters=138.37e6,
        multiply_adds=15.47e9,
        top1=73.36,
        source="torchvision, VGG16_BN_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="vgg16_bn"),
)
