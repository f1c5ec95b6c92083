"""RegNetY-400MF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=4_344_144,
        multiply_adds=0.402e9,
        top1=74.046,
        source="torchvision, RegNet_Y_400MF_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="regnety_004"),
    batch_size=128,
    augments=dict(rand_aug=dict(magnitude=5)),
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99992),
)
