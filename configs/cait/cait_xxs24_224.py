"""CaiT XXS-24, images of 224 pixels. Touvron et al. 2021, arXiv:2103.17239: DeiT's recipe for 400 epochs."""

_base_ = "../_base_/vit.py"

_cfg = dict(
    published=dict(
        parameters=12.0e6,
        multiply_adds=2.5e9,
        top1=77.6,
        source="the paper's table of models",
    ),
    model=dict(name="cait_xxs24_224"),
    solver=dict(max_epoch=400, warmup_epochs=5),
    model_ema=dict(enabled=False),
)
