"""EfficientNet v2 B0. Tan and Le 2021, arXiv:2104.00298."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=7.14e6,
        multiply_adds=730e6,
        top1=78.386,
        source="timm's tables of results and of benchmarks, tf_efficientnetv2_b0.in1k",
    ),
    model=dict(name="effnetv2_b0"),
    batch_size=64,
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99996),
    preprocess=dict(img_size=192),
)
