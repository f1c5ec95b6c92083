"""VGG-11 with batch normalisation. Simonyan and Zisserman 2015, arXiv:1409.1556."""

_base_ = "../_base_/vgg.py"

_cfg = dict(
    published=dict(
        parameters=132.87e6,
        multiply_adds=7.609e9,
        top1=70.37,
        source="torchvision, VGG11_BN_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="vgg11_bn"),
)
