"""ResNet and the families that share its plan: -D, SE-, ResNeXt, wide.

ResNet: He et al. 2016, arXiv:1512.03385. -D: He et al. 2019, arXiv:1812.01187. ResNeXt: Xie et al. 2017,
arXiv:1611.05431. SE: Hu et al. 2018, arXiv:1709.01507. Wide: Zagoruyko and Komodakis 2016, arXiv:1605.07146. Options,
names and weights' names are BaseCls's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from polynet.errors import OptionError
from polynet.models.blocks.chain import Chain
from polynet.models.blocks.choice import choose
from polynet.models.blocks.residual import ResBasicBlock, ResBottleneckBlock
from polynet.models.blocks.stem import ResDeepStem, ResStem, SimpleStem
from polynet.models.network import CLS_HEAD, ImageNetwork, Name
from polynet.models.networks.plan import drop_probabilities, per_stage
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, FanInUniform, KaimingNormal, Normal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS

STEMS: dict[str, Callable[..., Any]] = {
    "ResDeepStem": ResDeepStem,
    "ResStem": ResStem,
    "SimpleStem": SimpleStem,
}
BLOCKS: dict[str, Callable[..., Any]] = {
    "ResBasicBlock": ResBasicBlock,
    "ResBottleneckBlock": ResBottleneckBlock,
}

RECIPE = Recipe(
    convolution=KaimingNormal("fan_out"),
    linear=Normal(0.01),
    named=(("*.f_ex.*.bias", FanInUniform()),),
    bias=Constant(0.0),
)
"""Convolutions normal over their fan-out, the classifier normal with 0.01; pycls's, as BaseCls has it."""


@NETWORKS.register()
class ResNet(ImageNetwork):
    """A residual network of stages `s1`, `s2` and so on.

    Args:
        depths: Blocks of each stage.
        widths: Channels of each stage.
        strides: Stride of each stage's first block.
        block_name: `"ResBasicBlock"`, `"ResBottleneckBlock"`, or a class or function that makes a block.
        stem_name: `"ResStem"`, `"ResDeepStem"`, `"SimpleStem"`, or a class or function that makes a stem; one of one's
            own tells its `stride`.
        stem_w: Channels of the stem.
        bot_muls: Channels within a block as a share of the stage's, for all stages or each.
        group_ws: Channels of a group of the 3x3 convolutions, for each stage; `None` for one group.
        se_r: Width of a squeeze-and-excitation as a share of the channels; 0 for none.
        avg_down: Pool in shortcuts that shrink (ResNet-D).
        drop_path_prob: Probability of dropping the last block; earlier ones are dropped proportionally less.
        zero_init_final_gamma: Start every block as an identity (arXiv:1706.02677).
        norm_name: Normalisation: `"BN"`, `"GN"`, `"IN"`, `"LN"`, `"SyncBN"`, a class, or `None`.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = ResNet(depths=(1, 1), widths=(8, 16), strides=(1, 2), stem_w=8, num_classes=10)
        >>> [(stage.name, stage.channels, stage.stride) for stage in net.stages]
        [('s1', 8, 4), ('s2', 16, 8)]
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape)
        (1, 10)
    """

    family = "resnet"
    recipe = RECIPE

    def __init__(
        self,
        depths: Sequence[int] = (2, 2, 2, 2),
        widths: Sequence[int] = (64, 128, 256, 512),
        strides: Sequence[int] = (1, 2, 2, 2),
        block_name: str | Callable[..., Any] = "ResBasicBlock",
        stem_name: str | Callable[..., Any] = "ResStem",
        stem_w: int = 64,
        bot_muls: float | Sequence[float] = 1.0,
        group_ws: Sequence[int | None] | None = None,
        se_r: float = 0.0,
        avg_down: bool = False,
        drop_path_prob: float = 0.0,
        zero_init_final_gamma: bool = False,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        head: Mapping[str, Any] | None = CLS_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        block = choose("block", block_name, BLOCKS)
        self.stem = choose("stem", stem_name, STEMS)(in_channels, stem_w, norm_name=norm_name, act_name=act_name)
        rows = per_stage("ResNet", depths=depths, width=widths, stride=strides, bot_mul=bot_muls, group_w=group_ws)
        drop = drop_probabilities(drop_path_prob, sum(depths))
        common = {"se_r": se_r, "avg_down": avg_down, "norm_name": norm_name, "act_name": act_name}
        total, w_in = getattr(self.stem, "stride", 4), stem_w
        stages = []
        for index, row in enumerate(rows, start=1):
            depth, width, stride = row.pop("depths"), row.pop("width"), row.pop("stride")
            blocks = []
            for first in (True, *[False] * (depth - 1)):
                block_stride = stride if first else 1
                blocks.append(block(w_in, width, block_stride, **row, **common, drop_path_prob=next(drop)))
                w_in = width
            setattr(self, f"s{index}", Chain(blocks))
            total *= stride
            stages.append(Stage(f"s{index}", width, total))
        if zero_init_final_gamma:
            self.recipe = _starting_as_identity(self.recipe, block)
        self.complete(
            stages,
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm_name,
            act_name=act_name,
        )


def _starting_as_identity(recipe: Recipe, block: Any) -> Recipe:
    final_norm = getattr(getattr(block, "func", block), "final_norm", None)  # a functools.partial of a block counts too
    if final_norm is None:
        message = "zero_init_final_gamma: a block of one's own must say which layer, by the class attribute final_norm."
        raise OptionError(message)
    return attrs.evolve(recipe, named=((f"s*.b*.{final_norm}.weight", Constant(0.0)), *recipe.named))


_BOTTLENECK: dict[str, Any] = {
    "block_name": "ResBottleneckBlock",
    "widths": (256, 512, 1024, 2048),
    "bot_muls": (0.25, 0.25, 0.25, 0.25),
    "group_ws": (64, 128, 256, 512),
}
_D: dict[str, Any] = {"stem_name": "ResDeepStem", "avg_down": True}
_SE: dict[str, Any] = {"se_r": 0.0625}
_32X4: dict[str, Any] = {"bot_muls": (0.5, 0.5, 0.5, 0.5), "group_ws": (4, 8, 16, 32)}
_32X8: dict[str, Any] = {"bot_muls": (1.0, 1.0, 1.0, 1.0), "group_ws": (8, 16, 32, 64)}
_64X4: dict[str, Any] = {"bot_muls": (1.0, 1.0, 1.0, 1.0), "group_ws": (4, 8, 16, 32)}
_WIDE: dict[str, Any] = {"bot_muls": (0.5, 0.5, 0.5, 0.5)}


def _add(name: str, base: Any = None, **row: Any) -> Any:
    return variant(NETWORKS, name, ResNet, base=base, module=__name__, **row)


resnet18 = _add("resnet18", depths=(2, 2, 2, 2))
resnet34 = _add("resnet34", depths=(3, 4, 6, 3))
resnet50 = _add("resnet50", depths=(3, 4, 6, 3), **_BOTTLENECK)
resnet101 = _add("resnet101", depths=(3, 4, 23, 3), **_BOTTLENECK)
resnet152 = _add("resnet152", depths=(3, 8, 36, 3), **_BOTTLENECK)

resnet18d = _add("resnet18d", resnet18, **_D)
resnet34d = _add("resnet34d", resnet34, **_D)
resnet50d = _add("resnet50d", resnet50, **_D)
resnet101d = _add("resnet101d", resnet101, **_D)
resnet152d = _add("resnet152d", resnet152, **_D)

resnext50_32x4d = _add("resnext50_32x4d", resnet50, **_32X4)
resnext101_32x4d = _add("resnext101_32x4d", resnet101, **_32X4)
resnext101_32x8d = _add("resnext101_32x8d", resnet101, **_32X8)
resnext101_64x4d = _add("resnext101_64x4d", resnet101, **_64X4)
resnext152_32x4d = _add("resnext152_32x4d", resnet152, **_32X4)
resnext152_32x8d = _add("resnext152_32x8d", resnet152, **_32X8)
resnext152_64x4d = _add("resnext152_64x4d", resnet152, **_64X4)

se_resnet18 = _add("se_resnet18", resnet18, **_SE)
se_resnet34 = _add("se_resnet34", resnet34, **_SE)
se_resnet50 = _add("se_resnet50", resnet50, **_SE)
se_resnet101 = _add("se_resnet101", resnet101, **_SE)
se_resnet152 = _add("se_resnet152", resnet152, **_SE)
se_resnext50_32x4d = _add("se_resnext50_32x4d", resnext50_32x4d, **_SE)
se_resnext101_32x4d = _add("se_resnext101_32x4d", resnext101_32x4d, **_SE)
se_resnext101_32x8d = _add("se_resnext101_32x8d", resnext101_32x8d, **_SE)
se_resnext101_64x4d = _add("se_resnext101_64x4d", resnext101_64x4d, **_SE)
se_resnext152_32x4d = _add("se_resnext152_32x4d", resnext152_32x4d, **_SE)
se_resnext152_32x8d = _add("se_resnext152_32x8d", resnext152_32x8d, **_SE)
se_resnext152_64x4d = _add("se_resnext152_64x4d", resnext152_64x4d, **_SE)

# BaseCls's wide networks keep the group widths of the narrow ones, so that their 3x3 convolutions have two groups.
# Those of the paper and of torchvision have one: give group_ws=None.
wide_resnet50_2 = _add("wide_resnet50_2", resnet50, **_WIDE)
wide_resnet101_2 = _add("wide_resnet101_2", resnet101, **_WIDE)
