"""RegNetY-6.4GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=30.6e6,
        multiply_adds=6.4e9,
        top1=79.9,
        source="pycls, model zoo, RegNetY-6.4GF",
    ),
    model=dict(name="regnety_064"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
