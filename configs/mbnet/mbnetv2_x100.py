"""MobileNet v2, width 1.0. Sandler et al. 2018, arXiv:1801.04381."""

_base_ = "../_base_/mbnet.py"

_cfg = dict(
    published=dict(
        parameters=3_504_872,
        multiply_adds=301e6,
        top1=71.878,
        source="torchvision, MobileNet_V2_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="mbnetv2_x100"),
    batch_size=64,
    solver=dict(basic_lr=0.025),
)
