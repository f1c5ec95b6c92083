"""Swin Large, windows of 12, images of 384 pixels. Liu et al. 2021, arXiv:2103.14030."""

_base_ = "../_base_/swin.py"

_cfg = dict(
    published=dict(
        parameters=196.74e6,
        multiply_adds=104.08e9,
        top1=87.142,
        source="timm's tables of results and of benchmarks, swin_large_patch4_window12_384.ms_in22k_ft_in1k",
    ),
    model=dict(name="swin_large_patch4_window12_384"),
    preprocess=dict(img_size=384),
    test=dict(img_size=384, crop_pct=1.0),
)
