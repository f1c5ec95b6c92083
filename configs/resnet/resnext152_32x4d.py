"""ResNeXt-152, 32 groups of 4 channels. Xie et al. 2017, arXiv:1611.05431."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    model=dict(name="resnext152_32x4d"),
)
