"""RegNetY-12GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=51.8e6,
        multiply_adds=12.1e9,
        top1=80.3,
        source="pycls, model zoo, RegNetY-12GF",
    ),
    model=dict(name="regnety_120"),
)
