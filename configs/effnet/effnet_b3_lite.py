"""EfficientNet-Lite3. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet_lite.py"

_cfg = dict(
    published=dict(
        parameters=8.2e6,
        top1=79.8,
        source="TensorFlow's table of EfficientNet-Lite models, efficientnet-lite3",
    ),
    model=dict(name="effnet_b3_lite"),
    preprocess=dict(img_size=280),
    test=dict(img_size=280, crop_pct=280 / 312),
    augments=dict(rand_aug=dict(magnitude=11)),
)
