"""ViT Small, patches of 32 pixels, images of 224. Steiner et al. 2022, arXiv:2106.10270."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=22.88e6,
        multiply_adds=1.15e9,
        top1=76.01,
        source="timm's tables of results and of benchmarks, vit_small_patch32_224.augreg_in21k_ft_in1k",
    ),
    model=dict(name="vit_small_patch32_224"),
    batch_size=128,
    solver=dict(basic_lr=0.000125),
    model_ema=dict(momentum=0.99992),
)
