"""EfficientNet-Lite0. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet_lite.py"

_cfg = dict(
    published=dict(
        parameters=4.7e6,
        top1=75.1,
        source="TensorFlow's table of EfficientNet-Lite models, efficientnet-lite0",
    ),
    model=dict(name="effnet_b0_lite"),
    batch_size=64,
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99996),
)
