"""RegNetY-16GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=83_590_140,
        multiply_adds=15.912e9,
        top1=80.424,
        source="torchvision, RegNet_Y_16GF_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="regnety_160"),
)
