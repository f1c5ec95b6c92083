"""RegNetX-1.6GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=9_190_136,
        multiply_adds=1.603e9,
        top1=77.04,
        source="torchvision, RegNet_X_1_6GF_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="regnetx_016"),
    batch_size=128,
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99992),
)
