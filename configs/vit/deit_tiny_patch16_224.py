"""DeiT Tiny, images of 224 pixels. Touvron et al. 2021, arXiv:2012.12877."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=5.72e6,
        multiply_adds=1.26e9,
        top1=72.19,
        source="timm's tables of results and of benchmarks, deit_tiny_patch16_224.fb_in1k",
    ),
    model=dict(name="deit_tiny_patch16_224"),
    batch_size=128,
    solver=dict(basic_lr=0.000125),
    model_ema=dict(momentum=0.99992),
)
