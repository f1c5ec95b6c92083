"""RegNetX-12GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=46.1e6,
        multiply_adds=12.1e9,
        top1=79.7,
        source="pycls, model zoo, RegNetX-12GF",
    ),
    model=dict(name="regnetx_120"),
)
