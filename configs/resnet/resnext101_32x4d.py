"""ResNeXt-101, 32 groups of 4 channels. Xie et al. 2017, arXiv:1611.05431."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=44.18e6,
        multiply_adds=8.01e9,
        top1=80.336,
        source="timm's tables of results and of benchmarks, resnext101_32x4d.gluon_in1k",
    ),
    model=dict(name="resnext101_32x4d"),
)
