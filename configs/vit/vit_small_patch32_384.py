"""ViT Small, patches of 32 pixels, images of 384. Steiner et al. 2022, arXiv:2106.10270."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=22.92e6,
        multiply_adds=3.45e9,
        top1=80.476,
        source="timm's tables of results and of benchmarks, vit_small_patch32_384.augreg_in21k_ft_in1k",
    ),
    model=dict(name="vit_small_patch32_384"),
    preprocess=dict(img_size=384),
    test=dict(img_size=384, crop_pct=1.0),
)
