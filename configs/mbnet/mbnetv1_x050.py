"""MobileNet v1, width 0.5. Howard et al. 2017, arXiv:1704.04861."""

_base_ = "../_base_/mbnet.py"

_cfg = dict(
    published=dict(
        parameters=1.3e6,
        multiply_adds=149e6,
        top1=63.7,
        source="arXiv:1704.04861, table 6",
    ),
    model=dict(name="mbnetv1_x050"),
)
