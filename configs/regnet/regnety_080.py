"""RegNetY-8.0GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=39.2e6,
        multiply_adds=8.0e9,
        top1=79.9,
        source="pycls, model zoo, RegNetY-8.0GF",
    ),
    model=dict(name="regnety_080"),
)
