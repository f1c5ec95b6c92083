"""ResNet-18-D. He et al. 2019, arXiv:1812.01187."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=11.71e6,
        multiply_adds=2.06e9,
        top1=72.296,
        source="timm's tables of results and of benchmarks, resnet18d.ra2_in1k at 224",
    ),
    model=dict(name="resnet18d"),
    batch_size=128,
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99992),
)
