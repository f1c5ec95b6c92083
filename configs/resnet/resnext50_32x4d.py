"""ResNeXt-50, 32 groups of 4 channels. Xie et al. 2017, arXiv:1611.05431."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=25_028_904,
        multiply_adds=4.23e9,
        top1=77.618,
        source="torchvision, ResNeXt50_32X4D_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="resnext50_32x4d"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
