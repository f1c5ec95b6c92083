"""EfficientNet-B2. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=9.2e6,
        multiply_adds=1e9,
        top1=80.1,
        source="arXiv:1905.11946, table 2",
    ),
    model=dict(name="effnet_b2"),
    preprocess=dict(img_size=260),
    test=dict(img_size=260, crop_pct=260 / 292),
)
