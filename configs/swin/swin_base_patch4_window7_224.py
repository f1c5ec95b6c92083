"""Swin Base, windows of 7, images of 224 pixels. Liu et al. 2021, arXiv:2103.14030."""

_base_ = "../_base_/swin.py"

_cfg = dict(
    published=dict(
        parameters=87_768_224,
        multiply_adds=15.431e9,
        top1=83.582,
        source="torchvision 0.29, Swin_B_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="swin_base_patch4_window7_224"),
)
