"""RegNet X and Y: Radosavovic et al. 2020, arXiv:2003.13678.

The widths of all blocks follow from four numbers, so that a network is a point of a small space. Y is X with
squeeze-and-excitation (Hu et al. 2018, arXiv:1709.01507). Options, names and weights' names are BaseCls's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from polynet.errors import OptionError
from polynet.models.blocks.choice import choose
from polynet.models.blocks.residual import ResBottleneckBlock, added
from polynet.models.blocks.squeeze_excitation import SE
from polynet.models.blocks.width import make_divisible
from polynet.models.network import CLS_HEAD, Name
from polynet.models.networks.resnet import BLOCKS, ResNet
from polynet.models.variants import variant
from polynet.registry import NETWORKS
from polynet.types import Tensor

QUANTUM = 8
"""What the widths of stages are multiples of before they are fitted to the groups."""


class RegBottleneckBlock(ResBottleneckBlock):
    """A grouped bottleneck whose squeeze-and-excitation stands after the 3x3 convolution.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        stride: Stride of the 3x3 convolution.
        bot_mul: Channels of the bottleneck as a share of `w_out`.
        group_w: Channels of a group of the 3x3 convolution; `None` for one group.
        se_r: Width of the squeeze-and-excitation as a share of `w_in`; 0 for none.
        avg_down: Pool in the shortcut where the stride is not 1, instead of striding its convolution.
        drop_path_prob: Probability of dropping the residual branch. BaseCls's block takes this and ignores it.
        norm_name: Normalisation.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = RegBottleneckBlock(8, 16, stride=2, group_w=4, se_r=0.25)
        >>> block.se.f_ex[0].out_channels, tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (2, (1, 16, 2, 2))
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int,
        bot_mul: float = 1.0,
        group_w: int | None = None,
        se_r: float = 0.0,
        avg_down: bool = False,
        drop_path_prob: float = 0.0,
        norm_name: Name = "BN",
        act_name: Name = "relu",
    ) -> None:
        super().__init__(
            w_in,
            w_out,
            stride,
            bot_mul=bot_mul,
            group_w=group_w,
            avg_down=avg_down,
            drop_path_prob=drop_path_prob,
            norm_name=norm_name,
            act_name=act_name,
        )
        w_se = round(w_in * se_r)
        self.se = SE(round(w_out * bot_mul), w_se, act_name) if w_se > 0 else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        entrance = x
        x = self.a_act(self.a_bn(self.a(x)))
        x = self.b_act(self.b_bn(self.b(x)))
        if self.se is not None:
            x = self.se(x)
        x = self.c(x)
        x = self.c_bn(x)
        if self.drop_path is not None:
            x = self.drop_path(x)
        return self.act(added(x, self.shortcut(entrance), overwrite=self.overwrites))


def generate_regnet(wa: float, w0: int, wm: float, depth: int) -> tuple[list[int], list[int]]:
    """The stages that four numbers stand for.

    Block `j` wishes for `w0 + wa * j` channels. The wish is rounded to a power of `wm` times `w0`, in logarithm, and
    that to a multiple of 8; blocks of the same width make a stage.

    Args:
        wa: Slope: channels that each block wishes for beyond the one before it; at least 0.
        w0: Channels the first block wishes for; a positive multiple of 8.
        wm: Ratio of the widths of neighbouring stages; above 1.
        depth: Blocks in all.

    Returns:
        The widths of the stages, and how many blocks each has.

    Raises:
        OptionError: A number outside its range.

    Source: the paper's equations 2 to 4.

    Example:
        >>> generate_regnet(wa=36.44, w0=24, wm=2.49, depth=13)
        ([24, 56, 152, 368], [1, 1, 4, 7])
    """
    _check_plan(wa, w0, wm, depth)
    wished = np.arange(depth) * wa + w0
    powers = np.round(np.log(wished / w0) / np.log(wm))
    widths = np.round(w0 * np.power(wm, powers) / QUANTUM).astype(int) * QUANTUM
    stage_widths, depths = np.unique(widths, return_counts=True)
    return stage_widths.tolist(), depths.tolist()


def _check_plan(wa: float, w0: int, wm: float, depth: int) -> None:
    rules = (
        ("wa", wa, "a number of at least 0", isinstance(wa, Real) and wa >= 0),
        ("w0", w0, f"a positive multiple of {QUANTUM}", isinstance(w0, int) and w0 > 0 and w0 % QUANTUM == 0),
        ("wm", wm, "a number above 1", isinstance(wm, Real) and wm > 1),
        ("depth", depth, "a whole number of at least 1", isinstance(depth, int) and depth >= 1),
    )
    for name, value, wanted, holds in rules:
        if isinstance(value, bool) or not holds:
            message = f"RegNet: {name} must be {wanted}, not {value!r}."
            raise OptionError(message)


def fit_groups(
    widths: Sequence[int], bot_mul: float, group_w: int, round_limit: float = 0.0
) -> tuple[list[int], list[int]]:
    """Change widths so that the bottlenecks of every stage divide into groups.

    Args:
        widths: Channels of the stages.
        bot_mul: Channels of a bottleneck as a share of its stage's: below 1, or whole.
        group_w: Channels of a group; fewer where a bottleneck has not as many.
        round_limit: Round up instead where rounding would leave less than this share of a bottleneck.

    Returns:
        The widths, and the channels of a group of each stage.

    Raises:
        OptionError: A number outside its range.

    Example:
        >>> fit_groups([24, 56, 152, 368], 1.0, 16), fit_groups([32, 64, 160, 384], 1.0, 48, round_limit=0.9)
        (([32, 64, 160, 368], [16, 16, 16, 16]), ([32, 96, 144, 384], [32, 48, 48, 48]))
    """
    if not isinstance(bot_mul, Real) or bot_mul <= 0 or (bot_mul > 1 and bot_mul % 1 != 0):
        message = f"RegNet: bot_mul must be a share between 0 and 1 or a whole number, not {bot_mul!r}."
        raise OptionError(message)
    if isinstance(group_w, bool) or not isinstance(group_w, int) or group_w < 1:
        message = f"RegNet: group_w must be a whole number of at least 1, not {group_w!r}."
        raise OptionError(message)
    fitted, groups = [], []
    for width in widths:
        inner = int(max(1, width * bot_mul))
        group = min(group_w, inner)
        unit = int(np.lcm(group, int(bot_mul))) if bot_mul > 1 else group
        if round_limit:
            inner = make_divisible(inner, unit, round_limit=round_limit)
        else:
            inner = max(unit, round(inner / unit) * unit)
        fitted.append(int(inner / bot_mul))
        groups.append(group)
    return fitted, groups


@NETWORKS.register()
class RegNet(ResNet):
    """A residual network whose stages `s1`, `s2` and so on follow from `depth`, `w0`, `wa` and `wm`.

    Args:
        depth: Blocks in all.
        w0: Channels that the first block wishes for; a multiple of 8.
        wa: Channels that each block wishes for beyond the one before it.
        wm: Ratio of the widths of neighbouring stages.
        group_w: Channels of a group of the 3x3 convolutions.
        stride: Stride of every stage's first block.
        bot_mul: Channels within a block as a share of the stage's.
        se_r: Width of a squeeze-and-excitation as a share of the block's input; 0 for none.
        round_limit: Where fitting a width to the groups would leave less than this share of it, the width grows
            instead. torchvision's networks have 0.9, which makes three of them wider; the paper's have 0.
        stem_name: `"SimpleStem"`, `"ResStem"`, `"ResDeepStem"`, or a class or function that makes a stem.
        stem_w: Channels of the stem.
        block_name: `"RegBottleneckBlock"`, `"ResBottleneckBlock"`, or a class or function that makes a block.
        drop_path_prob: Probability of dropping the last block; earlier ones are dropped proportionally less.
        zero_init_final_gamma: Start every block as an identity (arXiv:1706.02677).
        norm_name: Normalisation: `"BN"`, `"GN"`, `"IN"`, `"LN"`, `"SyncBN"`, a class, or `None`.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together, or a number outside its range.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = RegNet(depth=4, w0=8, wa=8, wm=2.0, group_w=4, stem_w=8, num_classes=10)
        >>> [(stage.name, stage.channels, stage.stride) for stage in net.stages]
        [('s1', 8, 4), ('s2', 16, 8), ('s3', 32, 16)]
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape)
        (1, 10)
    """

    family = "regnet"

    def __init__(
        self,
        depth: int = 13,
        w0: int = 24,
        wa: float = 36.44,
        wm: float = 2.49,
        group_w: int = 8,
        stride: int = 2,
        bot_mul: float = 1.0,
        se_r: float = 0.0,
        round_limit: float = 0.0,
        stem_name: str | Callable[..., Any] = "SimpleStem",
        stem_w: int = 32,
        block_name: str | Callable[..., Any] = "RegBottleneckBlock",
        drop_path_prob: float = 0.0,
        zero_init_final_gamma: bool = False,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        head: Mapping[str, Any] | None = CLS_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        widths, depths = generate_regnet(wa, w0, wm, depth)
        widths, group_ws = fit_groups(widths, bot_mul, group_w, round_limit)
        super().__init__(
            depths=depths,
            widths=widths,
            strides=[stride] * len(widths),
            block_name=choose("block", block_name, {"RegBottleneckBlock": RegBottleneckBlock, **BLOCKS}),
            stem_name=stem_name,
            stem_w=stem_w,
            bot_muls=bot_mul,
            group_ws=group_ws,
            se_r=se_r,
            drop_path_prob=drop_path_prob,
            zero_init_final_gamma=zero_init_final_gamma,
            norm_name=norm_name,
            act_name=act_name,
            head=head,
            num_classes=num_classes,
            in_channels=in_channels,
            out_indices=out_indices,
        )


def _add(name: str, depth: int, w0: int, wa: float, wm: float, group_w: int, **row: Any) -> Any:
    plan: dict[str, Any] = {"depth": depth, "w0": w0, "wa": wa, "wm": wm, "group_w": group_w}
    return variant(NETWORKS, name, RegNet, module=__name__, **plan, **row)


def _add_y(name: str, depth: int, w0: int, wa: float, wm: float, group_w: int) -> Any:
    return _add(name, depth, w0, wa, wm, group_w, se_r=0.25)


# The numbers, in the order of `_add`, are those of the paper's models, as pycls and BaseCls have them.
regnetx_002 = _add("regnetx_002", 13, 24, 36.44, 2.49, 8)
regnetx_004 = _add("regnetx_004", 22, 24, 24.48, 2.54, 16)
regnetx_006 = _add("regnetx_006", 16, 48, 36.97, 2.24, 24)
regnetx_008 = _add("regnetx_008", 16, 56, 35.73, 2.28, 16)
regnetx_016 = _add("regnetx_016", 18, 80, 34.01, 2.25, 24)
regnetx_032 = _add("regnetx_032", 25, 88, 26.31, 2.25, 48)
regnetx_040 = _add("regnetx_040", 23, 96, 38.65, 2.43, 40)
regnetx_064 = _add("regnetx_064", 17, 184, 60.83, 2.07, 56)
regnetx_080 = _add("regnetx_080", 23, 80, 49.56, 2.88, 120)
regnetx_120 = _add("regnetx_120", 19, 168, 73.36, 2.37, 112)
regnetx_160 = _add("regnetx_160", 22, 216, 55.59, 2.1, 128)
regnetx_320 = _add("regnetx_320", 23, 320, 69.86, 2.0, 168)

regnety_002 = _add_y("regnety_002", 13, 24, 36.44, 2.49, 8)
regnety_004 = _add_y("regnety_004", 16, 48, 27.89, 2.09, 8)
regnety_006 = _add_y("regnety_006", 15, 48, 32.54, 2.32, 16)
regnety_008 = _add_y("regnety_008", 14, 56, 38.84, 2.4, 16)
regnety_016 = _add_y("regnety_016", 27, 48, 20.71, 2.65, 24)
regnety_032 = _add_y("regnety_032", 21, 80, 42.63, 2.66, 24)
regnety_040 = _add_y("regnety_040", 22, 96, 31.41, 2.24, 64)
regnety_064 = _add_y("regnety_064", 25, 112, 33.22, 2.27, 72)
regnety_080 = _add_y("regnety_080", 17, 192, 76.82, 2.19, 56)
regnety_120 = _add_y("regnety_120", 19, 168, 73.36, 2.37, 112)
regnety_160 = _add_y("regnety_160", 18, 200, 106.23, 2.48, 112)
regnety_320 = _add_y("regnety_320", 20, 232, 115.89, 2.53, 232)
