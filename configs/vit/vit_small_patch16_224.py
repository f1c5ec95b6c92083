"""ViT Small, patches of 16 pixels, images of 224. Steiner et al. 2022, arXiv:2106.10270."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=22.05e6,
        multiply_adds=4.61e9,
        top1=81.402,
        source="timm's tables of results and of benchmarks, vit_small_patch16_224.augreg_in21k_ft_in1k",
    ),
    model=dict(name="vit_small_patch16_224"),
)
