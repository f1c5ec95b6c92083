"""RegNetX-3.2GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=15_296_552,
        multiply_adds=3.177e9,
        top1=78.364,
        source="torchvision, RegNet_X_3_2GF_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="regnetx_032"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
