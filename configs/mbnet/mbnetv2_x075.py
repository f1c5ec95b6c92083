"""MobileNet v2, width 0.75. Sandler et al. 2018, arXiv:1801.04381."""

_base_ = "../_base_/mbnet.py"

_cfg = dict(
    published=dict(
        parameters=2.61e6,
        multiply_adds=209e6,
        top1=69.8,
        source="TensorFlow's table of MobileNet v2 models, mobilenet_v2_0.75_224",
    ),
    model=dict(name="mbnetv2_x075"),
    batch_size=64,
    solver=dict(basic_lr=0.025),
)
