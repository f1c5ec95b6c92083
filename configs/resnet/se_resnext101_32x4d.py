"""SE-ResNeXt-101, 32 groups of 4 channels. Hu et al. 2018, arXiv:1709.01507."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=48.96e6,
        multiply_adds=8.02e9,
        source="timm's tables of benchmarks, seresnext101_32x4d",
    ),
    model=dict(name="se_resnext101_32x4d"),
)
