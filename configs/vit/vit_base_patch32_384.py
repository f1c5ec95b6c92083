"""ViT Base, patches of 32 pixels, images of 384. Dosovitskiy et al. 2021, arXiv:2010.11929."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=88.3e6,
        multiply_adds=13.06e9,
        top1=83.358,
        source="timm's tables of results and of benchmarks, vit_base_patch32_384.augreg_in21k_ft_in1k",
    ),
    model=dict(name="vit_base_patch32_384"),
    preprocess=dict(img_size=384),
    test=dict(img_size=384, crop_pct=1.0),
)
