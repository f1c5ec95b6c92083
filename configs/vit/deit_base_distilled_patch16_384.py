"""DeiT Base, distilled, images of 384 pixels. Touvron et al. 2021, arXiv:2012.12877."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=87.63e6,
        multiply_adds=55.65e9,
        top1=85.438,
        source="timm's tables of results and of benchmarks, deit_base_distilled_patch16_384.fb_in1k",
    ),
    model=dict(name="deit_base_distilled_patch16_384"),
    preprocess=dict(img_size=384),
    test=dict(img_size=384, crop_pct=1.0),
)
