"""EfficientNet-L2. Xie et al. 2020, arXiv:1911.04252."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=480.31e6,
        multiply_adds=479.12e9,
        top1=88.36,
        source="timm's tables of results and of benchmarks, tf_efficientnet_l2.ns_jft_in1k, on 300 M more images",
    ),
    model=dict(name="effnet_l2"),
    preprocess=dict(img_size=800),
    test=dict(img_size=800, crop_pct=800 / 832),
)
