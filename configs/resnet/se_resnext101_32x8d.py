"""SE-ResNeXt-101, 32 groups of 8 channels. Hu et al. 2018, arXiv:1709.01507."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=93.57e6,
        multiply_adds=16.48e9,
        source="timm's tables of benchmarks, seresnext101_32x8d",
    ),
    model=dict(name="se_resnext101_32x8d"),
)
