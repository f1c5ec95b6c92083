"""VGG-19 with batch normalisation. Simonyan and Zisserman 2015, arXiv:1409.1556."""

_base_ = "../_base_/vgg.py"

_cfg = dict(
    published=dict(
        parameters=143.68e6,
        multiply_adds=19.632e9,
        top1=74.218,
        source="torchvision, VGG19_BN_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="vgg19_bn"),
)
