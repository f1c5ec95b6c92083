"""Classification heads, and `build_head`, which makes one from a config."""

from polynet.models.heads.build import build_head as build_head
from polynet.models.heads.cls_head import ClsHead as ClsHead
from polynet.models.heads.head import Head as Head
from polynet.models.heads.linear_head import LinearHead as LinearHead
from polynet.models.heads.mbv3_head import MBV3Head as MBV3Head
from polynet.models.heads.norm_head import NormHead as NormHead
from polynet.models.heads.vgg_head import VGGHead as VGGHead

__all__ = ["ClsHead", "Head", "LinearHead", "MBV3Head", "NormHead", "VGGHead", "build_head"]
