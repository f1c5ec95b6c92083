"""EfficientNet v2 B1. Tan and Le 2021, arXiv:2104.00298."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=8.14e6,
        multiply_adds=1.21e9,
        top1=79.518,
        source="timm's tables of results and of benchmarks, tf_efficientnetv2_b1.in1k",
    ),
    model=dict(name="effnetv2_b1"),
    batch_size=64,
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99996),
    preprocess=dict(img_size=192),
    test=dict(img_size=240, crop_pct=240 / 272),
)
