"""RegNetX-800MF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=7_259_656,
        multiply_adds=0.8e9,
        top1=75.212,
        source="torchvision, RegNet_X_800MF_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="regnetx_008"),
    batch_size=128,
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99992),
)
