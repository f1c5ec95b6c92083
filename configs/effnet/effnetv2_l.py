"""EfficientNet v2 L. Tan and Le 2021, arXiv:2104.00298."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=118_515_272,
        multiply_adds=56.08e9,
        top1=85.808,
        source="torchvision, EfficientNet_V2_L_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="effnetv2_l"),
    preprocess=dict(img_size=384),
    test=dict(img_size=480, crop_pct=1.0),
    augments=dict(rand_aug=dict(magnitude=21), mixup=dict(mixup_alpha=0.5, cutmix_alpha=0.5)),
)
