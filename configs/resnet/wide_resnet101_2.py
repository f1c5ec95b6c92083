"""Wide ResNet-101-2. Zagoruyko and Komodakis 2016, arXiv:1605.07146.

BaseCls's has 3x3 convolutions of two groups. The paper's and torchvision's have one, 126,886,696 parameters and
22.753 G multiply-adds; torchvision's IMAGENET1K_V1 weights reach 78.848 % top-1. For those give `group_ws=None`.
"""

_base_ = "../_base_/resnet.py"

_cfg = dict(
    model=dict(name="wide_resnet101_2"),
)
