"""SE-ResNet-152. Hu et al. 2018, arXiv:1709.01507."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=66.82e6,
        multiply_adds=11.57e9,
        source="timm's tables of benchmarks, seresnet152",
    ),
    model=dict(name="se_resnet152"),
)
