"""RegNetY-1.6GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=11_202_430,
        multiply_adds=1.612e9,
        top1=77.95,
        source="torchvision, RegNet_Y_1_6GF_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="regnety_016"),
    batch_size=128,
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99992),
)
