"""EfficientNet-Lite4. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet_lite.py"

_cfg = dict(
    published=dict(
        parameters=13.0e6,
        top1=81.5,
        source="TensorFlow's table of EfficientNet-Lite models, efficientnet-lite4",
    ),
    model=dict(name="effnet_b4_lite"),
    preprocess=dict(img_size=300),
    test=dict(img_size=300, crop_pct=300 / 332),
    augments=dict(rand_aug=dict(magnitude=13)),
)
