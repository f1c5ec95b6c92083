"""ResNet-101. He et al. 2016, arXiv:1512.03385."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=44_549_160,
        multiply_adds=7.801e9,
        top1=77.374,
        source="torchvision, ResNet101_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="resnet101"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
