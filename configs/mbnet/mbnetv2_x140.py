"""MobileNet v2, width 1.4. Sandler et al. 2018, arXiv:1801.04381."""

_base_ = "../_base_/mbnet.py"

_cfg = dict(
    published=dict(
        parameters=6.06e6,
        multiply_adds=582e6,
        top1=75.0,
        source="TensorFlow's table of MobileNet v2 models, mobilenet_v2_1.4_224",
    ),
    model=dict(name="mbnetv2_x140"),
    batch_size=64,
    solver=dict(basic_lr=0.025),
)
