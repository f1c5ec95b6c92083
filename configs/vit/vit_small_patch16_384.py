"""ViT Small, patches of 16 pixels, images of 384. Steiner et al. 2022, arXiv:2106.10270."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=22.2e6,
        multiply_adds=15.52e9,
        top1=83.814,
        source="timm's tables of results and of benchmarks, vit_small_patch16_384.augreg_in21k_ft_in1k",
    ),
    model=dict(name="vit_small_patch16_384"),
    preprocess=dict(img_size=384),
    test=dict(img_size=384, crop_pct=1.0),
)
