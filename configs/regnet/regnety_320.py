"""RegNetY-32GF. Radosavovic et al. 2020, arXiv:2003.13678."""

_base_ = "../_base_/regnet.py"

_cfg = dict(
    published=dict(
        parameters=145_046_770,
        multiply_adds=32.28e9,
        top1=80.878,
        source="torchvision, RegNet_Y_32GF_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="regnety_320"),
)
