"""SE-ResNet-50. Hu et al. 2018, arXiv:1709.01507."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=28.09e6,
        multiply_adds=4.11e9,
        top1=80.26,
        source="timm's tables of results and of benchmarks, seresnet50.ra2_in1k at 224",
    ),
    model=dict(name="se_resnet50"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
