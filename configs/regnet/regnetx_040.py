"""RegNetX-4.0GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=22.1e6,
        multiply_adds=4.0e9,
        top1=78.6,
        source="pycls, model zoo, RegNetX-4.0GF",
    ),
    model=dict(name="regnetx_040"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
