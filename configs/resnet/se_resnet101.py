"""SE-ResNet-101. Hu et al. 2018, arXiv:1709.01507."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=49.33e6,
        multiply_adds=7.84e9,
        source="timm's tables of benchmarks, seresnet101",
    ),
    model=dict(name="se_resnet101"),
)
