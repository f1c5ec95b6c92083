"""DeiT Base, images of 224 pixels. Touvron et al. 2021, arXiv:2012.12877."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=86.57e6,
        multiply_adds=17.58e9,
        top1=81.98,
        source="timm's tables of results and of benchmarks, deit_base_patch16_224.fb_in1k",
    ),
    model=dict(name="deit_base_patch16_224"),
)
