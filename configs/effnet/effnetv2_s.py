"""EfficientNet v2 S. Tan and Le 2021, arXiv:2104.00298."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=21_458_488,
        multiply_adds=8.366e9,
        top1=84.228,
        source="torchvision, EfficientNet_V2_S_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="effnetv2_s"),
    preprocess=dict(img_size=300),
    test=dict(img_size=384, crop_pct=1.0),
)
