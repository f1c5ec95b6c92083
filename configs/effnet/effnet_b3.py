"""EfficientNet-B3. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=12_233_232,
        multiply_adds=1.827e9,
        top1=82.008,
        source="torchvision, EfficientNet_B3_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="effnet_b3"),
    preprocess=dict(img_size=300),
    test=dict(img_size=300, crop_pct=300 / 332),
    augments=dict(rand_aug=dict(magnitude=11)),
)
