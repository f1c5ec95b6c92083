"""MobileNet v1, width 1.0. Howard et al. 2017, arXiv:1704.04861."""

_base_ = "../_base_/mbnet.py"

_cfg = dict(
    published=dict(
        parameters=4.2e6,
        multiply_adds=569e6,
        top1=70.6,
        source="arXiv:1704.04861, table 6",
    ),
    model=dict(name="mbnetv1_x100"),
    batch_size=64,
    solver=dict(basic_lr=0.025),
)
