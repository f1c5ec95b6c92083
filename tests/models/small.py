"""One small network of every family and of every structural option, quick to build and run."""

from __future__ import annotations

from typing import Any, NamedTuple

from polynet.models.networks.alexnet import AlexNet
from polynet.models.networks.beit import BEiT
from polynet.models.networks.cait import CaiT
from polynet.models.networks.convnext import ConvNeXt
from polynet.models.networks.densenet import DenseNet
from polynet.models.networks.effnet import EffNet
from polynet.models.networks.eva import Eva
from polynet.models.networks.ghostnet import GhostNet
from polynet.models.networks.googlenet import GoogLeNet
from polynet.models.networks.hrnet import HRNet
from polynet.models.networks.inception import Inception
from polynet.models.networks.levit import LeViT
from polynet.models.networks.mbnet import MBNet
from polynet.models.networks.mixer import MlpMixer
from polynet.models.networks.mobileone import MobileOne
from polynet.models.networks.mobilevit import MobileViT
from polynet.models.networks.poolformer import PoolFormer
from polynet.models.networks.regnet import RegNet
from polynet.models.networks.replknet import RepLKNet
from polynet.models.networks.repvgg import RepVGG
from polynet.models.networks.res2net import Res2Net
from polynet.models.networks.resmlp import ResMLP
from polynet.models.networks.resnest import ResNeSt
from polynet.models.networks.resnet import ResNet
from polynet.models.networks.snet import SNetV2
from polynet.models.networks.squeezenet import SqueezeNet
from polynet.models.networks.swin import SwinTransformer
from polynet.models.networks.swin_v2 import SwinTransformerV2
from polynet.models.networks.vgg import VGG
from polynet.models.networks.vit import ViT
from polynet.models.variants import Variant

CLASSES = 5


class Small(NamedTuple):
    """A small network and the side of the images it takes."""

    build: Variant
    side: int


def _small(network: Any, side: int, **row: Any) -> Small:
    return Small(Variant(f"small_{network.__name__}", __name__, network, row, None), side)


_STAGES: dict[str, Any] = {"depths": (1, 2), "widths": (8, 16), "strides": (1, 2), "stem_w": 8}
_REGULAR: dict[str, Any] = {"depth": 4, "w0": 8, "wa": 6, "wm": 2.0, "group_w": 4, "stem_w": 8}
_INVERTED: dict[str, Any] = {
    "depths": (1, 2),
    "widths": (8, 16),
    "strides": (1, 2),
    "kernels": (3, 5),
    "exp_rs": (1, 4),
    "stem_w": 8,
}
_TOKENS: dict[str, Any] = {"img_size": 32, "patch_size": 8, "embed_dim": 16, "depth": 3, "num_heads": 2}

_PLAIN: dict[str, Any] = {"num_blocks": (1, 2, 1, 1), "width_multiplier": (0.125, 0.125, 0.0625, 0.03125)}

_GHOSTS: Any = (((3, 12, 10, 0, 2),), ((5, 18, 10, 0.25, 1), (3, 18, 14, 0.25, 2)))

_PYRAMID: dict[str, Any] = {"img_size": 64, "embed_dim": (16, 32), "key_dim": 8, "depth": (1, 1), "num_heads": (2, 3)}

_WINDOWED: dict[str, Any] = {"img_size": 32, "embed_dim": 8, "depths": (2, 2), "num_heads": (1, 2)}

SMALL: dict[str, Small] = {
    "alexnet": _small(AlexNet, 63, head={"width": 8}),
    "resnet": _small(ResNet, 32, **_STAGES),
    "resnet-d, grouped, SE": _small(
        ResNet,
        32,
        **_STAGES,
        block_name="ResBottleneckBlock",
        stem_name="ResDeepStem",
        avg_down=True,
        se_r=0.25,
        bot_muls=0.5,
        group_ws=(2, 4),
    ),
    "regnet x": _small(RegNet, 32, **_REGULAR),
    "regnet y": _small(RegNet, 32, **_REGULAR, se_r=0.25),
    "resnest": _small(ResNeSt, 32, **_STAGES, bot_muls=1.0),
    "resnest, one split, grouped, pooled first": _small(
        ResNeSt, 32, **_STAGES, bot_muls=1.0, radix=1, group_ws=(4, 4), avd_first=True
    ),
    "resnest, four splits, grouped": _small(ResNeSt, 32, **_STAGES, bot_muls=1.0, radix=4, group_ws=(4, 4), avd=False),
    "res2net": _small(Res2Net, 32, **_STAGES, bot_muls=1.0),
    "res2net-d, grouped": _small(
        Res2Net, 32, **_STAGES, bot_muls=1.0, scale=2, group_ws=(2, 4), stem_name="ResDeepStem", avg_down=True
    ),
    "mbnet": _small(MBNet, 32, **_INVERTED, head={"width": 16}),
    "mbnet, v3": _small(
        MBNet, 32, **_INVERTED, se_rs=0.25, act_name="hswish", head={"name": "MBV3Head", "width": 16, "w_h": 16}
    ),
    "effnet": _small(EffNet, 32, **_INVERTED, block_name=("FuseMBConv", "MBConv"), head={"width": 16}),
    "hrnet": _small(
        HRNet,
        32,
        stage_modules=(1, 1, 1),
        stage_blocks=((1,), (1, 1), (1, 1, 2)),
        stage_block_names=("bottleneck", "basic", "basic"),
        stage_channels=((4,), (8, 12), (8, 12, 16)),
        w_stem=12,
        merge_channels=(4, 6, 8),
        head={"width": 16},
    ),
    "snet": _small(SNetV2, 32, depths=(2, 2), widths=(12, 24), strides=(2, 2), stem_w=8, head={"width": 16}),
    "snet, even": _small(
        SNetV2, 32, block="SNV2EvenBlock", depths=(2, 2), widths=(12, 24), strides=(2, 2), stem_w=8, head={"width": 16}
    ),
    "ghostnet": _small(GhostNet, 32, stem_w=8, plan=_GHOSTS, head={"width": 16, "w_h": 16}),
    "ghostnet, attention": _small(GhostNet, 40, stem_w=8, plan=_GHOSTS, attention=True, head={"width": 16, "w_h": 16}),
    "squeezenet": _small(SqueezeNet, 33, version="1_1", width_mult=0.25),
    "snet, plus": _small(
        SNetV2,
        32,
        block="SNV2XceptionBlock",
        stem_w=8,
        use_maxpool=False,
        depths=(1, 1, 2),
        widths=(12, 24, 32),
        strides=(2, 2, 2),
        kernels=(5, ("x",), (3, "x")),
        se_r=0.25,
        act_name="hswish",
        head={"name": "MBV3Head", "width": 16, "w_h": 16, "se_r": 0.25, "bias": False},
    ),
    "vgg": _small(VGG, 16, depths=(1, 1), widths=(8, 16), head={"width": 8}),
    "vgg, BN": _small(VGG, 16, depths=(1, 1), widths=(8, 16), norm_name="BN", head={"width": 8}),
    "vit": _small(ViT, 32, **_TOKENS),
    "vit, representation": _small(ViT, 32, **_TOKENS, representation_size=12),
    "vit, mean of patches": _small(
        ViT, 32, **_TOKENS, class_token=False, global_pool="avg", pre_norm=True, init_values=0.5
    ),
    "vit, registers": _small(ViT, 32, **_TOKENS, reg_tokens=2, no_embed_class=True),
    "deit": _small(ViT, 32, **_TOKENS, distilled=True),
    "convnext": _small(ConvNeXt, 32, depths=(1, 2), widths=(8, 16), layer_scale=0.5),
    "convnext, 1x1 convolutions, overlapping stem": _small(
        ConvNeXt,
        32,
        depths=(1, 2),
        widths=(8, 16),
        kernels=(3, 5),
        layer_scale=0.5,
        stem_name="overlap_tiered",
        conv_mlp=True,
        head={"norm_first": True},
    ),
    "convnext, v2": _small(
        ConvNeXt, 32, depths=(1, 2), widths=(8, 16), layer_scale=None, use_grn=True, head={"width": 12}
    ),
    "convnext, v2, 1x1 convolutions": _small(
        ConvNeXt, 32, depths=(1, 1), widths=(8, 16), layer_scale=None, use_grn=True, conv_mlp=True
    ),
    "inception": _small(Inception, 107, width_mult=0.05),
    "googlenet": _small(GoogLeNet, 64, width_mult=0.05),
    "googlenet, of the paper": _small(GoogLeNet, 64, width_mult=0.05, wide_kernel=5, norm_name=None),
    "repvgg": _small(RepVGG, 32, **_PLAIN),
    "repvgg, grouped, SE": _small(RepVGG, 32, **_PLAIN, groups=(1, (1, 2), 2, 1), se_r=0.25),
    "repvgg, deployed": _small(RepVGG, 32, **_PLAIN, deploy=True),
    "mobileone": _small(
        MobileOne,
        32,
        depths=(1, 2, 1, 1),
        width_multiplier=(0.125, 0.125, 0.0625, 0.03125),
        num_conv_branches=2,
        se_blocks=(0, 1, 0, 0),
    ),
    "replknet": _small(RepLKNet, 32, depths=(1, 1), widths=(8, 16), kernels=(9, 7), small_kernel=3, dw_ratio=1.5),
    "beit": _small(BEiT, 32, **{**_TOKENS, "depth": 2}),
    "cait": _small(CaiT, 32, **{**_TOKENS, "depth": 2}, init_values=0.5),
    "levit": _small(LeViT, 64, **_PYRAMID, distilled=False),
    "levit, distilled": _small(LeViT, 64, **_PYRAMID),
    "eva": _small(Eva, 32, **{**_TOKENS, "depth": 2}, global_pool="token"),
    "eva-02": _small(
        Eva, 32, **{**_TOKENS, "depth": 2}, swiglu_mlp=True, use_rot_pos_emb=True, ref_feat_shape=(2, 2), mlp_ratio=2.0
    ),
    "eva-02, scaled": _small(
        *(Eva, 32), **{**_TOKENS, "depth": 2}, qkv_fused=False, swiglu_mlp=True, scale_mlp=True, use_rot_pos_emb=True
    ),
    "densenet": _small(DenseNet, 32, depths=(2, 2), growth_rate=4),
    "densenet, deep stem": _small(DenseNet, 32, depths=(2, 1), growth_rate=4, stem_name="deep"),
    "poolformer": _small(PoolFormer, 32, depths=(1, 2), widths=(8, 16), layer_scale=0.5),
    "poolformer, whole map normalised": _small(
        PoolFormer, 40, depths=(1, 1), widths=(8, 16), layer_scale=0.5, head={"norm_whole_map": True}
    ),
    "poolformer, v2": _small(PoolFormer, 32, depths=(1, 1, 1), widths=(8, 12, 16), version=2, layer_scale=None),
    "swin": _small(SwinTransformer, 32, **_WINDOWED, window_size=4),
    "swin, uneven": _small(SwinTransformer, 32, **_WINDOWED, window_size=3, ape=True, patch_norm=False, qkv_bias=False),
    "swin, filled first": _small(SwinTransformer, 32, **_WINDOWED, window_size=3, fill_first=True),
    "swin v2": _small(SwinTransformerV2, 32, **_WINDOWED, window_size=4),
    "swin v2, uneven": _small(
        SwinTransformerV2, 32, **_WINDOWED, window_size=3, pretrained_window_sizes=(2, 2), qkv_bias=False
    ),
    "resmlp": _small(ResMLP, 32, img_size=32, patch_size=8, embed_dim=16, depth=3),
    "mixer": _small(MlpMixer, 32, img_size=32, patch_size=8, embed_dim=16, depth=3),
    "mobilevit": _small(
        MobileViT,
        32,
        depths=(1, 1),
        widths=(8, 12),
        strides=(1, 2),
        transformer_depths=(0, 1),
        transformer_widths=(0, 16),
        exp_r=2.0,
        stem_w=8,
        head={"width": 16},
    ),
    "mobilevit, resized between patches": _small(
        MobileViT,
        36,
        depths=(1, 1),
        widths=(8, 12),
        strides=(2, 1),
        transformer_depths=(0, 1),
        transformer_widths=(0, 16),
        exp_r=2.0,
        stem_w=8,
        head={"width": 0},
    ),
    "mobilevit, v2": _small(
        MobileViT,
        32,
        depths=(1, 1),
        widths=(8, 12),
        strides=(1, 2),
        transformer_depths=(0, 2),
        transformer_widths=None,
        version=2,
        exp_r=2.0,
        stem_w=8,
        head={"width": 0},
    ),
}
