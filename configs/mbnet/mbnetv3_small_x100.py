"""MobileNet v3 Small, width 1.0. Howard et al. 2019, arXiv:1905.02244."""

_base_ = "../_base_/mbnet.py"

_cfg = dict(
    published=dict(
        parameters=2_542_856,
        multiply_adds=57e6,
        top1=67.668,
        source="torchvision, MobileNet_V3_Small_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="mbnetv3_small_x100", head=dict(dropout_prob=0.1)),
    loss=dict(label_smooth=0.0),
)
