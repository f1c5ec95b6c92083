"""Swin Large, windows of 7, images of 224 pixels. Liu et al. 2021, arXiv:2103.14030."""

_base_ = "../_base_/swin.py"

_cfg = dict(
    published=dict(
        parameters=196.53e6,
        multiply_adds=34.53e9,
        top1=86.32,
        source="timm's tables of results and of benchmarks, swin_large_patch4_window7_224.ms_in22k_ft_in1k",
    ),
    model=dict(name="swin_large_patch4_window7_224"),
)
