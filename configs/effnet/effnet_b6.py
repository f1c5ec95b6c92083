"""EfficientNet-B6. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=43_040_704,
        multiply_adds=19.068e9,
        top1=84.008,
        source="torchvision, EfficientNet_B6_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="effnet_b6"),
    preprocess=dict(img_size=528),
    test=dict(img_size=528, crop_pct=528 / 560),
    augments=dict(rand_aug=dict(magnitude=17)),
)
