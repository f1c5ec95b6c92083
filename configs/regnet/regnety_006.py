"""RegNetY-600MF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=6.1e6,
        multiply_adds=0.6e9,
        top1=75.5,
        source="pycls, model zoo, RegNetY-600MF",
    ),
    model=dict(name="regnety_006"),
    batch_size=128,
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99992),
)
