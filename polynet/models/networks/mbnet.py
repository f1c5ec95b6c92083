"""MobileNet v1, v2 and v3 (arXiv:1704.04861, arXiv:1801.04381, arXiv:1905.02244).

Options, names and weights' names are BaseCls's.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from polynet.models.blocks.chain import Chain
from polynet.models.blocks.inverted_residual import MBConv
from polynet.models.blocks.normalisation import norm2d
from polynet.models.blocks.same_convolution import SameConv2d
from polynet.models.blocks.stem import SimpleStem
from polynet.models.blocks.width import make_divisible
from polynet.models.heads.plan import head_options
from polynet.models.network import ImageNetwork, Name
from polynet.models.networks.plan import drop_probabilities, per_block, per_stage
from polynet.models.networks.resnet import RECIPE
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.registry import NETWORKS

PerStage = float | Sequence[float | Sequence[float]]
"""One value for all blocks, or one for each stage, or in a stage's place one for each of its blocks."""

_rounded = functools.partial(make_divisible, round_limit=0.9)


@NETWORKS.register()
class MBNet(ImageNetwork):
    """A network of inverted residual blocks in stages `s1`, `s2` …; by default MobileNet v2.

    Args:
        stem_w: Channels of the stem.
        depths: Blocks of each stage.
        widths: Channels of each stage.
        strides: Stride of each stage's first block.
        kernels: Side of each stage's depthwise convolutions.
        exp_rs: Expansion of the blocks.
        se_rs: Squeeze-and-excitation, as a share of the expanded channels.
        stage_act_names: Activation of each stage; `act_name` by default.
        has_proj_act: Whether an activation follows each projection (v1).
        has_skip: Whether blocks have shortcuts.
        drop_path_prob: Probability of dropping the last block; earlier ones are dropped proportionally less.
        width_mult: Factor on all widths; the head's convolution does not shrink.
        norm_name: Normalisation.
        norm_eps: What the normalisation adds to the variance; torchvision's v3 has 1e-3.
        act_name: Activation.
        same_padding: Pad as TensorFlow does, for weights that come from there.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = MBNet(width_mult=0.35, num_classes=10)
        >>> tuple(net(ops.ones((2, 3, 32, 32))).shape)
        (2, 10)
    """

    family = "mbnet"
    recipe = RECIPE
    default_head = {"name": "ClsHead", "width": 1280, "dropout_prob": 0.2}

    def __init__(
        self,
        stem_w: int = 32,
        depths: Sequence[int] = (1, 2, 3, 4, 3, 3, 1),
        widths: Sequence[int] = (16, 24, 32, 64, 96, 160, 320),
        strides: Sequence[int] = (1, 2, 2, 2, 1, 2, 1),
        kernels: Sequence[int] = (3, 3, 3, 3, 3, 3, 3),
        exp_rs: PerStage = (1, 6, 6, 6, 6, 6, 6),
        se_rs: PerStage = 0.0,
        stage_act_names: Sequence[Name] | None = None,
        has_proj_act: bool = False,
        has_skip: bool = True,
        drop_path_prob: float = 0.0,
        width_mult: float = 1.0,
        norm_name: Name = "BN",
        norm_eps: float = 1e-5,
        act_name: Name = "relu6",
        same_padding: bool = False,
        head: Mapping[str, Any] | None = default_head,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        norm = functools.partial(norm2d, norm_name, eps=norm_eps) if norm_name == "BN" else norm_name
        stem_w = _rounded(stem_w * width_mult)
        self.stem = SimpleStem(in_channels, stem_w, norm, act_name)
        if same_padding:
            self.stem.conv = SameConv2d(in_channels, stem_w, 3, stride=2)
        plan = per_stage(
            "MBNet",
            depths=depths,
            widths=[_rounded(width * width_mult) for width in widths],
            strides=strides,
            kernels=kernels,
            exp_rs=exp_rs,
            se_rs=se_rs,
            stage_act_names=act_name if stage_act_names is None else stage_act_names,
        )
        drop = drop_probabilities(drop_path_prob, sum(depths))
        total, w_in, stages = self.stem.stride, stem_w, []
        for index, row in enumerate(plan, start=1):
            blocks = []
            for position, (exp_r, se_r) in enumerate(per_block("MBNet", row["depths"], row["exp_rs"], row["se_rs"])):
                block = MBConv(
                    w_in,
                    row["widths"],
                    1 if position else row["strides"],
                    kernel=row["kernels"],
                    exp_r=exp_r,
                    se_r=se_r,
                    se_rd_fn=_rounded,
                    has_proj_act=has_proj_act,
                    has_skip=has_skip,
                    drop_path_prob=next(drop),
                    norm_name=norm,
                    act_name=row["stage_act_names"],
                    same_padding=same_padding,
                )
                blocks.append(block)
                w_in = row["widths"]
            setattr(self, f"s{index}", Chain(blocks))
            total *= row["strides"]
            stages.append(Stage(f"s{index}", w_in, total))
        self.complete(
            stages,
            head=_scaled(head_options(head, None, self.default_head), width_mult),
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm,
            act_name=act_name,
        )


def _scaled(head: Mapping[str, Any] | None, width_mult: float) -> Mapping[str, Any] | None:
    """BaseCls's rule: the head's convolution grows with the network but does not shrink; its linear layer does both."""
    if head is None:
        return None
    scaled = dict(head)
    if scaled.get("width"):
        scaled["width"] = _rounded(scaled["width"] * max(1.0, width_mult))
    if "w_h" in scaled:
        scaled["w_h"] = _rounded(scaled["w_h"] * width_mult)
    return scaled


_V1: dict[str, Any] = {
    "depths": (1, 2, 2, 6, 2),
    "widths": (64, 128, 256, 512, 1024),
    "strides": (1, 2, 2, 2, 2),
    "kernels": (3, 3, 3, 3, 3),
    "exp_rs": 1.0,
    "has_proj_act": True,
    "has_skip": False,
    "head": {"name": "ClsHead", "width": 0, "dropout_prob": 0.2},
}
_V3_SMALL: dict[str, Any] = {
    "stem_w": 16,
    "depths": (1, 2, 3, 2, 3),
    "widths": (16, 24, 40, 48, 96),
    "strides": (2, 2, 2, 1, 2),
    "kernels": (3, 3, 5, 5, 5),
    "exp_rs": (1, (4.5, 3.67), (4, 6, 6), 3, 6),
    "se_rs": (0.25, 0, 0.25, 0.25, 0.25),
    "stage_act_names": ("relu", "relu", "hswish", "hswish", "hswish"),
    "act_name": "hswish",
    "head": {"name": "MBV3Head", "width": 576, "w_h": 1024, "dropout_prob": 0.2},
}
_V3_LARGE: dict[str, Any] = {
    "stem_w": 16,
    "depths": (1, 2, 3, 4, 2, 3),
    "widths": (16, 24, 40, 80, 112, 160),
    "strides": (1, 2, 2, 2, 1, 2),
    "kernels": (3, 3, 5, 3, 3, 5),
    "exp_rs": (1, (4, 3), 3, (6, 2.5, 2.3, 2.3), 6, 6),
    "se_rs": (0, 0, 0.25, 0, 0.25, 0.25),
    "stage_act_names": ("relu", "relu", "relu", "hswish", "hswish", "hswish"),
    "act_name": "hswish",
    "head": {"name": "MBV3Head", "width": 960, "w_h": 1280, "dropout_prob": 0.2},
}


def _add(name: str, width_mult: float, **row: Any) -> Any:
    return variant(NETWORKS, name, MBNet, module=__name__, width_mult=width_mult, **row)


mbnetv1_x025 = _add("mbnetv1_x025", 0.25, **_V1)
mbnetv1_x050 = _add("mbnetv1_x050", 0.5, **_V1)
mbnetv1_x075 = _add("mbnetv1_x075", 0.75, **_V1)
mbnetv1_x100 = _add("mbnetv1_x100", 1.0, **_V1)

mbnetv2_x035 = _add("mbnetv2_x035", 0.35)
mbnetv2_x050 = _add("mbnetv2_x050", 0.5)
mbnetv2_x075 = _add("mbnetv2_x075", 0.75)
mbnetv2_x100 = _add("mbnetv2_x100", 1.0)
mbnetv2_x140 = _add("mbnetv2_x140", 1.4)

mbnetv3_small_x075 = _add("mbnetv3_small_x075", 0.75, **_V3_SMALL)
mbnetv3_small_x100 = _add("mbnetv3_small_x100", 1.0, **_V3_SMALL)
mbnetv3_large_x075 = _add("mbnetv3_large_x075", 0.75, **_V3_LARGE)
mbnetv3_large_x100 = _add("mbnetv3_large_x100", 1.0, **_V3_LARGE)
