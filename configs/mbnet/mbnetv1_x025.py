"""MobileNet v1, width 0.25. Howard et al. 2017, arXiv:1704.04861."""

_base_ = "../_base_/mbnet.py"

_cfg = dict(
    published=dict(
        parameters=0.5e6,
        multiply_adds=41e6,
        top1=50.6,
        source="arXiv:1704.04861, table 6",
    ),
    model=dict(name="mbnetv1_x025"),
)
