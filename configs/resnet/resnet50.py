"""ResNet-50. He et al. 2016, arXiv:1512.03385."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=25_557_032,
        multiply_adds=4.089e9,
        top1=76.13,
        source="torchvision, ResNet50_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="resnet50"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
