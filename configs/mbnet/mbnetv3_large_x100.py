"""MobileNet v3 Large, width 1.0. Howard et al. 2019, arXiv:1905.02244."""

_base_ = "../_base_/mbnet.py"

_cfg = dict(
    published=dict(
        parameters=5_483_032,
        multiply_adds=217e6,
        top1=74.042,
        source="torchvision, MobileNet_V3_Large_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="mbnetv3_large_x100"),
)
