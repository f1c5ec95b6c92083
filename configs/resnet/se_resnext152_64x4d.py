"""SE-ResNeXt-152, 64 groups of 4 channels. Hu et al. 2018, arXiv:1709.01507."""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    model=dict(name="se_resnext152_64x4d"),
)
