"""EfficientNet v2 M. Tan and Le 2021, arXiv:2104.00298."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=54_139_356,
        multiply_adds=24.582e9,
        top1=85.112,
        source="torchvision, EfficientNet_V2_M_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="effnetv2_m"),
    preprocess=dict(img_size=384),
    test=dict(img_size=480, crop_pct=1.0),
    augments=dict(rand_aug=dict(magnitude=15), mixup=dict(mixup_alpha=0.2, cutmix_alpha=0.2)),
)
