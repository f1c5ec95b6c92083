"""Swin Base, windows of 12, images of 384 pixels. Liu et al. 2021, arXiv:2103.14030."""

_base_ = "../_base_/swin.py"

_cfg = dict(
    published=dict(
        parameters=87.90e6,
        multiply_adds=47.19e9,
        top1=84.478,
        source="timm's tables of results and of benchmarks, swin_base_patch4_window12_384.ms_in1k",
    ),
    model=dict(name="swin_base_patch4_window12_384"),
    preprocess=dict(img_size=384),
    test=dict(img_size=384, crop_pct=1.0),
)
