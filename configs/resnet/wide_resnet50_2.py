"""Wide ResNet-50-2. Zagoruyko and Komodakis 2016, arXiv:1605.07146.

BaseCls's has 3x3 convolutions of two groups. The paper's and torchvision's have one, 68,883,240 parameters and
11.398 G multiply-adds; torchvision's IMAGENET1K_V1 weights reach 78.468 % top-1. For those give `group_ws=None`.
"""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    model=dict(name="wide_resnet50_2"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
    model_ema=dict(momentum=0.99996),
)
