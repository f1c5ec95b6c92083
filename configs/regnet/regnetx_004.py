"""RegNetX-400MF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=5.2e6,
        multiply_adds=0.4e9,
        top1=72.7,
        source="pycls, model zoo, RegNetX-400MF",
    ),
    model=dict(name="regnetx_004"),
    batch_size=128,
    augments=dict(rand_aug=dict(magnitude=5)),
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99992),
)
