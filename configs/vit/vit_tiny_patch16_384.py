"""ViT Tiny, patches of 16 pixels, images of 384. Steiner et al. 2022, arXiv:2106.10270."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=5.79e6,
        multiply_adds=4.7e9,
        top1=78.438,
        source="timm's tables of results and of benchmarks, vit_tiny_patch16_384.augreg_in21k_ft_in1k",
    ),
    model=dict(name="vit_tiny_patch16_384"),
    preprocess=dict(img_size=384),
    test=dict(img_size=384, crop_pct=1.0),
)
