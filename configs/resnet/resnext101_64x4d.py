"""ResNeXt-101, 64 groups of 4 channels. Xie et al. 2017, arXiv:1611.05431."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=83_455_272,
        multiply_adds=15.46e9,
        top1=83.246,
        source="torchvision, ResNeXt101_64X4D_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="resnext101_64x4d"),
)
