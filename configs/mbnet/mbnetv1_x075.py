"""MobileNet v1, width 0.75. Howard et al. 2017, arXiv:1704.04861."""

_base_ = "../_base_/mbnet.py"

_cfg = dict(
    published=dict(
        parameters=2.6e6,
        multiply_adds=325e6,
        top1=68.4,
        source="arXiv:1704.04861, table 6",
    ),
    model=dict(name="mbnetv1_x075"),
)
