"""DeiT Small, images of 224 pixels. Touvron et al. 2021, arXiv:2012.12877."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=22.05e6,
        multiply_adds=4.61e9,
        top1=79.856,
        source="timm's tables of results and of benchmarks, deit_small_patch16_224.fb_in1k",
    ),
    model=dict(name="deit_small_patch16_224"),
)
