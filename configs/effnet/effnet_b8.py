"""EfficientNet-B8. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=87.41e6,
        multiply_adds=63.48e9,
        top1=85.344,
        source="timm's tables of results and of benchmarks, tf_efficientnet_b8.ra_in1k",
    ),
    model=dict(name="effnet_b8"),
    preprocess=dict(img_size=672),
    test=dict(img_size=672, crop_pct=672 / 704),
)
