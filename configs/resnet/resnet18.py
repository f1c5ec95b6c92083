"""ResNet-18. He et al. 2016, arXiv:1512.03385."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=11_689_512,
        multiply_adds=1.814e9,
        top1=69.758,
        source="torchvision, ResNet18_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="resnet18"),
    batch_size=128,
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99992),
)
