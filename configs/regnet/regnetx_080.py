"""RegNetX-8.0GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=39_572_648,
        multiply_adds=7.995e9,
        top1=79.344,
        source="torchvision, RegNet_X_8GF_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="regnetx_080"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
