"""ResNet-101-D. He et al. 2019, arXiv:1812.01187."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=44.57e6,
        multiply_adds=8.08e9,
        top1=80.466,
        source="timm's tables of results and of benchmarks, resnet101d.gluon_in1k",
    ),
    model=dict(name="resnet101d"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
