"""ViT Tiny, patches of 16 pixels, images of 224. Steiner et al. 2022, arXiv:2106.10270."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=5.72e6,
        multiply_adds=1.26e9,
        top1=75.452,
        source="timm's tables of results and of benchmarks, vit_tiny_patch16_224.augreg_in21k_ft_in1k",
    ),
    model=dict(name="vit_tiny_patch16_224"),
    batch_size=128,
    solver=dict(basic_lr=0.000125),
    model_ema=dict(momentum=0.99992),
)
