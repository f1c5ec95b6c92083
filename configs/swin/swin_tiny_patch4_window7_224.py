"""Swin Tiny, windows of 7, images of 224 pixels. Liu et al. 2021, arXiv:2103.14030."""

_base_ = "../_base_/swin.py"

_cfg = dict(
    batch_size=128,
    published=dict(
        parameters=28_288_354,
        multiply_adds=4.491e9,
        top1=81.474,
        source="torchvision 0.29, Swin_T_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="swin_tiny_patch4_window7_224"),
    solver=dict(accumulation_steps=1),
)
