"""ResNeXt-101, 32 groups of 8 channels. Xie et al. 2017, arXiv:1611.05431."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=88_791_336,
        multiply_adds=16.414e9,
        top1=79.312,
        source="torchvision, ResNeXt101_32X8D_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="resnext101_32x8d"),
)
