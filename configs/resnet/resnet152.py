"""ResNet-152. He et al. 2016, arXiv:1512.03385."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=60_192_808,
        multiply_adds=11.514e9,
        top1=78.312,
        source="torchvision, ResNet152_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="resnet152"),
)
