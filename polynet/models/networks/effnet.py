"""EfficientNet, EfficientNet-Lite and EfficientNet v2 (Tan and Le, arXiv:1905.11946 and arXiv:2104.00298).

Options, names and weights' names are BaseCls's; those called `tf_` are, under timm's names, the networks with
TensorFlow's padding and epsilon, for weights that come from there.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from polynet.models.blocks.chain import Chain
from polynet.models.blocks.choice import choose
from polynet.models.blocks.inverted_residual import FuseMBConv, MBConv
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
from polynet.nn.initialisers import KaimingUniform
from polynet.registry import NETWORKS

BLOCKS: dict[str, Callable[..., Any]] = {"FuseMBConv": FuseMBConv, "MBConv": MBConv}

EFFNET_RECIPE = attrs.evolve(RECIPE, linear=KaimingUniform(mode="fan_out"))
"""As the authors' own code has it: convolutions normal over their fan-out, the classifier uniform within
1 / sqrt(classes)."""


@NETWORKS.register()
class EffNet(ImageNetwork):
    """A network scaled in depth and width, in stages `s1`, `s2` …; by default EfficientNet-B0.

    Args:
        stem_w: Channels of the stem.
        block_name: `"MBConv"`, `"FuseMBConv"`, or a class, for all stages or each.
        depths: Blocks of each stage.
        widths: Channels of each stage.
        strides: Stride of each stage's first block.
        kernels: Side of each stage's spatial convolutions.
        exp_rs: Expansion of the blocks, for all, each stage, or each block.
        se_rs: Squeeze-and-excitation, as a share of a block's input, likewise.
        drop_path_prob: Probability of dropping the last block; earlier ones are dropped proportionally less.
        depth_mult: Factor on all depths, which are rounded up.
        width_mult: Factor on all widths, which are rounded to multiples of 8.
        round_limit: The share of a width that rounding must leave; it is rounded up where it would leave less.
        omit_mult: Scale neither the stem, nor the head, nor the depth of the first and last stage (Lite).
        norm_name: Normalisation.
        norm_eps: What batch normalisation adds to the variance; TensorFlow's weights need 1e-3.
        act_name: Activation.
        same_padding: Pad as TensorFlow does, for weights that come from there.
        image_size: Side of the images it is meant for, in pixels.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = EffNet(width_mult=0.5, num_classes=10)
        >>> tuple(net(ops.ones((2, 3, 32, 32))).shape)
        (2, 10)
    """

    family = "effnet"
    recipe = EFFNET_RECIPE
    default_head = {"name": "ClsHead", "width": 1280, "dropout_prob": 0.2}

    def __init__(
        self,
        stem_w: int = 32,
        block_name: str | Callable[..., Any] | Sequence[str | Callable[..., Any]] = "MBConv",
        depths: Sequence[int] = (1, 2, 2, 3, 3, 4, 1),
        widths: Sequence[int] = (16, 24, 40, 80, 112, 192, 320),
        strides: Sequence[int] = (1, 2, 2, 2, 1, 2, 1),
        kernels: Sequence[int] = (3, 3, 5, 3, 5, 5, 3),
        exp_rs: float | Sequence[Any] = (1, 6, 6, 6, 6, 6, 6),
        se_rs: float | Sequence[Any] = 0.25,
        drop_path_prob: float = 0.2,
        depth_mult: float = 1.0,
        width_mult: float = 1.0,
        round_limit: float = 0.9,
        omit_mult: bool = False,
        norm_name: Name = "BN",
        norm_eps: float = 1e-5,
        act_name: Name = "silu",
        same_padding: bool = False,
        image_size: int = 224,
        head: Mapping[str, Any] | None = default_head,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        self.input_size = (in_channels, image_size, image_size)
        norm = functools.partial(norm2d, norm_name, eps=norm_eps) if norm_name == "BN" else norm_name
        rounded = functools.partial(make_divisible, round_limit=round_limit)
        stem_w = stem_w if omit_mult else rounded(stem_w * width_mult)
        self.stem = SimpleStem(in_channels, stem_w, norm, act_name)
        if same_padding:
            self.stem.conv = SameConv2d(in_channels, stem_w, 3, stride=2)
        plan = per_stage(
            "EffNet",
            depths=_scaled_depths(depths, depth_mult, omit_mult),
            widths=[rounded(width * width_mult) for width in widths],
            block_name=block_name,
            strides=strides,
            kernels=kernels,
            exp_rs=exp_rs,
            se_rs=se_rs,
        )
        drop = drop_probabilities(drop_path_prob, sum(row["depths"] for row in plan))
        common = {"norm_name": norm, "act_name": act_name, "same_padding": same_padding}
        total, w_in, stages = self.stem.stride, stem_w, []
        for index, row in enumerate(plan, start=1):
            block = choose("block", row["block_name"], BLOCKS)
            blocks = []
            for position, (exp_r, se_r) in enumerate(per_block("EffNet", row["depths"], row["exp_rs"], row["se_rs"])):
                options = {**common, "kernel": row["kernels"], "exp_r": exp_r, "se_r": se_r}
                if block is MBConv:
                    options.update(se_from_exp=False, se_act_name=act_name, se_approx=False)
                stride = 1 if position else row["strides"]
                blocks.append(block(w_in, row["widths"], stride, drop_path_prob=next(drop), **options))
                w_in = row["widths"]
            setattr(self, f"s{index}", Chain(blocks))
            total *= row["strides"]
            stages.append(Stage(f"s{index}", w_in, total))
        scaled = None if omit_mult else head_options(head, None, self.default_head)
        if scaled is not None and scaled.get("width"):
            scaled = {**scaled, "width": rounded(scaled["width"] * width_mult)}
        self.complete(
            stages,
            head=head if omit_mult else scaled,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm,
            act_name=act_name,
        )


def _scaled_depths(depths: Sequence[int], factor: float, omit_ends: bool) -> list[int]:
    ends = (0, len(depths) - 1) if omit_ends else ()
    return [depth if index in ends else math.ceil(depth * factor) for index, depth in enumerate(depths)]


_LITE: dict[str, Any] = {"se_rs": 0.0, "omit_mult": True, "act_name": "relu6"}
_TF: dict[str, Any] = {"same_padding": True, "norm_eps": 1e-3}
_V2: dict[str, Any] = {
    "block_name": ("FuseMBConv", "FuseMBConv", "FuseMBConv", "MBConv", "MBConv", "MBConv"),
    "depths": (1, 2, 2, 3, 5, 8),
    "widths": (16, 32, 48, 96, 112, 192),
    "strides": (1, 2, 2, 2, 1, 2),
    "kernels": (3, 3, 3, 3, 3, 3),
    "exp_rs": (1, 4, 4, 4, 6, 6),
    "se_rs": (0, 0, 0, 0.25, 0.25, 0.25),
}
_V2_LONG: dict[str, Any] = {
    "block_name": ("FuseMBConv", "FuseMBConv", "FuseMBConv", "MBConv", "MBConv", "MBConv", "MBConv"),
    "strides": (1, 2, 2, 2, 1, 2, 1),
    "kernels": (3, 3, 3, 3, 3, 3, 3),
    "exp_rs": (1, 4, 4, 4, 6, 6, 6),
    "se_rs": (0, 0, 0, 0.25, 0.25, 0.25, 0.25),
}
_V2_S: dict[str, Any] = {
    **_V2,
    "stem_w": 24,
    "depths": (2, 4, 4, 6, 9, 15),
    "widths": (24, 48, 64, 128, 160, 256),
}
_V2_M: dict[str, Any] = {
    **_V2_LONG,
    "stem_w": 24,
    "depths": (3, 5, 5, 7, 14, 18, 5),
    "widths": (24, 48, 80, 160, 176, 304, 512),
}
_V2_L: dict[str, Any] = {
    **_V2_LONG,
    "depths": (4, 7, 7, 10, 19, 25, 7),
    "widths": (32, 64, 96, 192, 224, 384, 640),
}
_V2_XL: dict[str, Any] = {
    **_V2_LONG,
    "depths": (4, 8, 8, 16, 24, 32, 8),
    "widths": (32, 64, 96, 192, 256, 512, 640),
}


def _add(name: str, depth_mult: float, width_mult: float, size: int, dropout: float, **row: Any) -> Any:
    head = {"name": "ClsHead", "width": 1280, "dropout_prob": dropout}
    scale: dict[str, Any] = {"depth_mult": depth_mult, "width_mult": width_mult, "image_size": size}
    return variant(NETWORKS, name, EffNet, module=__name__, head=head, **scale, **row)


def _tf(name: str, base: Any, **row: Any) -> Any:
    return variant(NETWORKS, name, EffNet, base=base, module=__name__, **_TF, **row)


effnet_b0 = _add("effnet_b0", 1.0, 1.0, 224, 0.2)
effnet_b1 = _add("effnet_b1", 1.1, 1.0, 240, 0.2)
effnet_b2 = _add("effnet_b2", 1.2, 1.1, 260, 0.3)
effnet_b3 = _add("effnet_b3", 1.4, 1.2, 300, 0.3)
effnet_b4 = _add("effnet_b4", 1.8, 1.4, 380, 0.4)
effnet_b5 = _add("effnet_b5", 2.2, 1.6, 456, 0.4)
effnet_b6 = _add("effnet_b6", 2.6, 1.8, 528, 0.5)
effnet_b7 = _add("effnet_b7", 3.1, 2.0, 600, 0.5)
effnet_b8 = _add("effnet_b8", 3.6, 2.2, 672, 0.5)
effnet_l2 = _add("effnet_l2", 5.3, 4.3, 800, 0.5)

effnet_b0_lite = _add("effnet_b0_lite", 1.0, 1.0, 224, 0.2, **_LITE)
effnet_b1_lite = _add("effnet_b1_lite", 1.1, 1.0, 240, 0.2, **_LITE)
effnet_b2_lite = _add("effnet_b2_lite", 1.2, 1.1, 260, 0.3, **_LITE)
effnet_b3_lite = _add("effnet_b3_lite", 1.4, 1.2, 280, 0.3, **_LITE)
effnet_b4_lite = _add("effnet_b4_lite", 1.8, 1.4, 300, 0.3, **_LITE)

effnetv2_b0 = _add("effnetv2_b0", 1.0, 1.0, 224, 0.2, **_V2)
effnetv2_b1 = _add("effnetv2_b1", 1.1, 1.0, 240, 0.2, **_V2)
effnetv2_b2 = _add("effnetv2_b2", 1.2, 1.1, 260, 0.3, **_V2)
effnetv2_b3 = _add("effnetv2_b3", 1.4, 1.2, 300, 0.3, **_V2)
effnetv2_s = _add("effnetv2_s", 1.0, 1.0, 384, 0.2, **_V2_S)
effnetv2_m = _add("effnetv2_m", 1.0, 1.0, 480, 0.3, **_V2_M)
effnetv2_l = _add("effnetv2_l", 1.0, 1.0, 480, 0.4, **_V2_L)
effnetv2_xl = _add("effnetv2_xl", 1.0, 1.0, 512, 0.5, **_V2_XL)

# With TensorFlow's padding and epsilon.
tf_efficientnet_b0 = _tf("tf_efficientnet_b0", effnet_b0)
tf_efficientnet_b1 = _tf("tf_efficientnet_b1", effnet_b1)
tf_efficientnet_b2 = _tf("tf_efficientnet_b2", effnet_b2)
tf_efficientnet_b3 = _tf("tf_efficientnet_b3", effnet_b3)
tf_efficientnet_b4 = _tf("tf_efficientnet_b4", effnet_b4)
tf_efficientnet_b5 = _tf("tf_efficientnet_b5", effnet_b5)
tf_efficientnet_b6 = _tf("tf_efficientnet_b6", effnet_b6)
tf_efficientnet_b7 = _tf("tf_efficientnet_b7", effnet_b7)
tf_efficientnet_b8 = _tf("tf_efficientnet_b8", effnet_b8)
tf_efficientnet_l2 = _tf("tf_efficientnet_l2", effnet_l2)

tf_efficientnet_lite0 = _tf("tf_efficientnet_lite0", effnet_b0_lite)
tf_efficientnet_lite1 = _tf("tf_efficientnet_lite1", effnet_b1_lite)
tf_efficientnet_lite2 = _tf("tf_efficientnet_lite2", effnet_b2_lite)
tf_efficientnet_lite3 = _tf("tf_efficientnet_lite3", effnet_b3_lite)
tf_efficientnet_lite4 = _tf("tf_efficientnet_lite4", effnet_b4_lite)

# The authors round the widths of v2 to the nearest multiple of 8, which makes b3 a little narrower than BaseCls's.
tf_efficientnetv2_b0 = _tf("tf_efficientnetv2_b0", effnetv2_b0, round_limit=0.0)
tf_efficientnetv2_b1 = _tf("tf_efficientnetv2_b1", effnetv2_b1, round_limit=0.0)
tf_efficientnetv2_b2 = _tf("tf_efficientnetv2_b2", effnetv2_b2, round_limit=0.0)
tf_efficientnetv2_b3 = _tf("tf_efficientnetv2_b3", effnetv2_b3, round_limit=0.0)
tf_efficientnetv2_s = _tf("tf_efficientnetv2_s", effnetv2_s)
tf_efficientnetv2_m = _tf("tf_efficientnetv2_m", effnetv2_m)
tf_efficientnetv2_l = _tf("tf_efficientnetv2_l", effnetv2_l)
tf_efficientnetv2_xl = _tf("tf_efficientnetv2_xl", effnetv2_xl)
