"""RegNetX-200MF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=2.7e6,
        multiply_adds=0.2e9,
        top1=68.9,
        source="pycls, model zoo, RegNetX-200MF",
    ),
    model=dict(name="regnetx_002"),
    batch_size=128,
    augments=dict(rand_aug=dict(magnitude=3)),
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99992),
)
