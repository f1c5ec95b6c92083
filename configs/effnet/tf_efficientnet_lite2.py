"""EfficientNet-Lite2 with TensorFlow's padding and epsilon. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet_lite.py"

_cfg = dict(
    published=dict(
        parameters=6.1e6,
        top1=77.6,
        source="TensorFlow's table of EfficientNet-Lite models, efficientnet-lite2",
    ),
    model=dict(name="tf_efficientnet_lite2"),
    preprocess=dict(img_size=260),
    test=dict(img_size=260, crop_pct=260 / 292),
)
