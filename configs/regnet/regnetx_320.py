"""RegNetX-32GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=107_811_560,
        multiply_adds=31.736e9,
        top1=80.622,
        source="torchvision, RegNet_X_32GF_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="regnetx_320"),
)
