"""VGG-13. Simonyan and Zisserman 2015, arXiv:1409.1556."""

_base_ = "../_base_/vgg.py"

_cfg = dict(
    published=dict(
        parameters=133_047_848,
        multiply_adds=11.308e9,
        top1=69.928,
        source="torchvision, VGG13_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="vgg13"),
    solver=dict(basic_lr=0.00125),
)
