"""VGG-11. Simonyan and Zisserman 2015, arXiv:1409.1556."""

_base_ = "../_base_/vgg.py"

_cfg = dict(
    published=dict(
        parameters=132_863_336,
        multiply_adds=7.609e9,
        top1=69.02,
        source="torchvision, VGG11_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="vgg11"),
    solver=dict(basic_lr=0.00125),
)
