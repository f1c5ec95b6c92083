"""EfficientNet-Lite1 with TensorFlow's padding and epsilon. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet_lite.py"

_cfg = dict(
    published=dict(
        parameters=5.4e6,
        top1=76.7,
        source="TensorFlow's table of EfficientNet-Lite models, efficientnet-lite1",
    ),
    model=dict(name="tf_efficientnet_lite1"),
    preprocess=dict(img_size=240),
    test=dict(img_size=240, crop_pct=240 / 272),
)
