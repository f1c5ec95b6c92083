"""SE-ResNeXt-50, 32 groups of 4 channels. Hu et al. 2018, arXiv:1709.01507."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    published=dict(
        parameters=27.56e6,
        multiply_adds=4.26e9,
        top1=79.916,
        source="timm's tables of results and of benchmarks, seresnext50_32x4d.gluon_in1k",
    ),
    model=dict(name="se_resnext50_32x4d"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
