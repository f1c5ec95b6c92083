"""Swin Small, windows of 7, images of 224 pixels. Liu et al. 2021, arXiv:2103.14030."""

_base_ = "../_base_/swin.py"

_cfg = dict(
    batch_size=128,
    published=dict(
        parameters=49_606_258,
        multiply_adds=8.741e9,
        top1=83.196,
        source="torchvision 0.29, Swin_S_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="swin_small_patch4_window7_224"),
    solver=dict(accumulation_steps=1),
)
