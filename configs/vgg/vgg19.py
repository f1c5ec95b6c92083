"""VGG-19. Simonyan and Zisserman 2015, arXiv:1409.1556."""

_base_ = "../_base_/vgg.py"

_cfg = dict(
    published=dict(
        parameters=143_667_240,
        multiply_adds=19.632e9,
        top1=72.376,
        source="torchvision, VGG19_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="vgg19"),
    solver=dict(basic_lr=0.00125),
)
