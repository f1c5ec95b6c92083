"""CaiT XXS-24, images of 224 pixels. Touvron et al. 2021, arXiv:2103.17239: DeiT's recipe for 400 epochs."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=11.96e6,
        multiply_adds=2.53e9,
        top1=78.4,
        source="timm's tables of results and of benchmarks, cait_xxs24_224.fb_dist_in1k, taught by another network",
    ),
    model=dict(name="cait_xxs24_224"),
    test=dict(crop_pct=1.0),
    solver=dict(max_epoch=400, warmup_epochs=5),
    model_ema=dict(enabled=False),
)
