"""EfficientNet-B1. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=7_794_184,
        multiply_adds=687e6,
        top1=78.642,
        source="torchvision, EfficientNet_B1_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="effnet_b1"),
    preprocess=dict(img_size=240),
    test=dict(img_size=240, crop_pct=240 / 272),
)
