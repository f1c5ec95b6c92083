"""VGG-16. Simonyan and Zisserman 2015, arXiv:1409.1556."""

_base_ = "../_base_/vgg.py"

_cfg = dict(
    published=dict(
        parameters=138_357_544,
        multiply_adds=15.47e9,
        top1=71.592,
        source="torchvision, VGG16_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="vgg16"),
    solver=dict(basic_lr=0.00125),
)
