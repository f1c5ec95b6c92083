"""SE-ResNet-18. Hu et al. 2018, arXiv:1709.01507."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=11.78e6,
        multiply_adds=1.82e9,
        source="timm's tables of benchmarks, seresnet18",
    ),
    model=dict(name="se_resnet18"),
    batch_size=128,
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99992),
)
