"""ResNeXt-152, 64 groups of 4 channels. Xie et al. 2017, arXiv:1611.05431."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    model=dict(name="resnext152_64x4d"),
)
