"""ResNet-34-D. He et al. 2019, arXiv:1812.01187."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=21.82e6,
        multiply_adds=3.91e9,
        top1=77.108,
        source="timm's tables of results and of benchmarks, resnet34d.ra2_in1k at 224",
    ),
    model=dict(name="resnet34d"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
