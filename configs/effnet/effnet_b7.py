"""EfficientNet-B7. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=66_347_960,
        multiply_adds=37.746e9,
        top1=84.122,
        source="torchvision, EfficientNet_B7_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="effnet_b7"),
    preprocess=dict(img_size=600),
    test=dict(img_size=600, crop_pct=600 / 632),
)
