"""ResNet-152-D. He et al. 2019, arXiv:1812.01187."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=60.21e6,
        multiply_adds=11.8e9,
        top1=80.476,
        source="timm's tables of results and of benchmarks, resnet152d.gluon_in1k",
    ),
    model=dict(name="resnet152d"),
)
