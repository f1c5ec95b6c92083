"""SE-ResNet-34. Hu et al. 2018, arXiv:1709.01507."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=21.96e6,
        multiply_adds=3.67e9,
        source="timm's tables of benchmarks, seresnet34",
    ),
    model=dict(name="se_resnet34"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
