"""SE-ResNeXt-101, 64 groups of 4 channels. Hu et al. 2018, arXiv:1709.01507."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=88.23e6,
        multiply_adds=15.53e9,
        source="timm's tables of benchmarks, seresnext101_64x4d",
    ),
    model=dict(name="se_resnext101_64x4d"),
)
