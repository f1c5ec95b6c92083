"""MobileNet v2, width 0.5. Sandler et al. 2018, arXiv:1801.04381."""

_base_ = "../_base_/mbnet.py"

_cfg = dict(
    published=dict(
        parameters=1.95e6,
        multiply_adds=97e6,
        top1=65.4,
        source="TensorFlow's table of MobileNet v2 models, mobilenet_v2_0.5_224",
    ),
    model=dict(name="mbnetv2_x050"),
)
