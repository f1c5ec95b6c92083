"""ResNet-34. He et al. 2016, arXiv:1512.03385."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=21_797_672,
        multiply_adds=3.664e9,
        top1=73.314,
        source="torchvision, ResNet34_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="resnet34"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
