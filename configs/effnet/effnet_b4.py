"""EfficientNet-B4. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=19_341_616,
        multiply_adds=4.394e9,
        top1=83.384,
        source="torchvision, EfficientNet_B4_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="effnet_b4"),
    preprocess=dict(img_size=380),
    test=dict(img_size=380, crop_pct=380 / 412),
    augments=dict(rand_aug=dict(magnitude=13)),
)
