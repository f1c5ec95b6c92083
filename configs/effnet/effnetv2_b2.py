"""EfficientNet v2 B2. Tan and Le 2021, arXiv:2104.00298."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=10.1e6,
        multiply_adds=1.72e9,
        top1=80.226,
        source="timm's tables of results and of benchmarks, tf_efficientnetv2_b2.in1k",
    ),
    model=dict(name="effnetv2_b2"),
    batch_size=64,
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99996),
    preprocess=dict(img_size=208),
    test=dict(img_size=260, crop_pct=260 / 292),
)
