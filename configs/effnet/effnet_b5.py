"""EfficientNet-B5. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=30_389_784,
        multiply_adds=10.266e9,
        top1=83.444,
        source="torchvision, EfficientNet_B5_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="effnet_b5"),
    preprocess=dict(img_size=456),
    test=dict(img_size=456, crop_pct=456 / 488),
    augments=dict(rand_aug=dict(magnitude=15)),
)
