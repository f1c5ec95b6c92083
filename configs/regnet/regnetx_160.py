"""RegNetX-16GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=54_278_536,
        multiply_adds=15.941e9,
        top1=80.058,
        source="torchvision, RegNet_X_16GF_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="regnetx_160"),
)
