"""RegNetY-200MF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=3.2e6,
        multiply_adds=0.2e9,
        top1=70.4,
        source="pycls, model zoo, RegNetY-200MF",
    ),
    model=dict(name="regnety_002"),
    batch_size=128,
    augments=dict(rand_aug=dict(magnitude=3)),
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99992),
)
