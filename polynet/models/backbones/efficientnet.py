"""MMPretrain's EfficientNet (Tan and Le 2019, arXiv:1905.11946), with its options and weights' names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from polynet.models.backbones.base_backbone import (
    BaseBackbone,
    check_frozen,
    drop_path_rates,
    known_setting,
    stage_indices,
)
from polynet.models.base_module import ModuleList, Sequential
from polynet.models.blocks.width import make_divisible
from polynet.models.bricks.conv_module import ConvModule
from polynet.models.bricks.inverted_residual import EdgeResidual, InvertedResidual
from polynet.models.bricks.layer_config import LayerConfig
from polynet.registry import BACKBONES
from polynet.types import Tensor

SAME: LayerConfig = {"type": "Conv2dAdaptivePadding"}
BATCH_NORM: LayerConfig = {"type": "BN", "eps": 1e-3}
SWISH: LayerConfig = {"type": "Swish"}
INIT: Sequence[LayerConfig] = (
    {"type": "Kaiming", "layer": "Conv2d"},
    {"type": "Constant", "layer": ["_BatchNorm", "GroupNorm"], "val": 1},
)


class Group(NamedTuple):
    """Blocks of one width: kernel, channels, squeeze, stride of the first, widening, kind, and how many there are."""

    kernel: int
    channels: int
    se_ratio: int
    stride: int
    expand_ratio: int
    fused: bool
    repeats: int


_USUAL = (
    Group(3, 16, 4, 1, 1, False, 1),
    Group(3, 24, 4, 2, 6, False, 2),
    Group(5, 40, 4, 2, 6, False, 2),
    Group(3, 80, 4, 2, 6, False, 3),
    Group(5, 112, 4, 1, 6, False, 3),
    Group(5, 192, 4, 2, 6, False, 4),
    Group(3, 320, 4, 1, 6, False, 1),
)
_EDGE = (
    Group(3, 24, 0, 1, 3, True, 1),
    Group(3, 32, 0, 2, 8, True, 2),
    Group(3, 48, 0, 2, 8, True, 4),
    Group(5, 96, 0, 2, 8, False, 5),
    Group(5, 144, 0, 1, 8, False, 4),
    Group(5, 192, 0, 2, 8, False, 2),
)
STEM = 32
LAST = 1280


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.EfficientNet")
class EfficientNet(BaseBackbone):
    """A convolution, five stages of mobile blocks, and a 1x1 convolution, scaled in width and depth.

    Args:
        arch: `"b0"` to `"b8"`, `"l2"`, or `"es"`, `"em"`, `"el"` of EfficientNet-EdgeTPU.
        drop_path_rate: Probability of dropping the last block's branch; earlier ones are dropped proportionally less.
        out_indices: Layers whose maps are returned, 0 (stem) to 6 (last convolution).
        frozen_stages: How many layers are not trained.
        conv_cfg: Convolutions.
        norm_cfg: Normalisations.
        act_cfg: Activations.
        norm_eval: Keep batch normalisations' statistics while training.
        with_cp: Accepted; activations are always kept.
        init_cfg: How weights start; see `BaseModule`.

    Raises:
        UnknownNameError: There is no such architecture.
        OptionError: There is no such layer.

    Source: MMPretrain, `EfficientNet`.

    Example:
        >>> with polynet.use_backend("shapes"):
        ...     net = EfficientNet("b0", out_indices=(1, 6))
        ...     outs = net(ops.zeros((1, 3, 64, 64)))
        >>> [tuple(out.shape) for out in outs]
        [(1, 16, 32, 32), (1, 1280, 2, 2)]
    """

    arch_settings: dict[str, tuple[float, float, int]] = {
        "b0": (1.0, 1.0, 224),
        "b1": (1.0, 1.1, 240),
        "b2": (1.1, 1.2, 260),
        "b3": (1.2, 1.4, 300),
        "b4": (1.4, 1.8, 380),
        "b5": (1.6, 2.2, 456),
        "b6": (1.8, 2.6, 528),
        "b7": (2.0, 3.1, 600),
        "b8": (2.2, 3.6, 672),
        "l2": (4.3, 5.3, 800),
        "es": (1.0, 1.0, 224),
        "em": (1.0, 1.1, 240),
        "el": (1.2, 1.4, 300),
    }
    """Of each architecture: factor of widths, factor of depths, side of its images."""

    def __init__(
        self,
        arch: str = "b0",
        drop_path_rate: float = 0.0,
        out_indices: Sequence[int] = (6,),
        frozen_stages: int = 0,
        conv_cfg: LayerConfig | None = SAME,
        norm_cfg: LayerConfig = BATCH_NORM,
        act_cfg: LayerConfig = SWISH,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: Any = INIT,
    ) -> None:
        super().__init__(init_cfg)
        self.arch_setting = known_setting("EfficientNet", "arch", arch, self.arch_settings)
        wider, deeper, _ = self.arch_setting
        groups = [
            group._replace(
                channels=make_divisible(group.channels * wider, round_limit=0.9),
                repeats=math.ceil(deeper * group.repeats),
            )
            for group in (_EDGE if arch in ("es", "em", "el") else _USUAL)
        ]
        stages = _stages(groups)
        self.out_indices = stage_indices("EfficientNet", out_indices, len(stages) + 2)
        self.frozen_stages = check_frozen("EfficientNet", frozen_stages, 0, len(stages) + 2)
        self.drop_path_rate = drop_path_rate
        self.norm_eval = norm_eval
        self.with_cp = with_cp
        self.act_cfg = act_cfg
        self._common: dict[str, Any] = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        stem = make_divisible(STEM * wider, round_limit=0.9)
        last = make_divisible(LAST * wider, round_limit=0.9)
        layers = [ConvModule(3, stem, 3, stride=2, padding=1, **self._common)]
        layers += self._make_stages(stem, stages)
        layers += [ConvModule(stages[-1][-1].channels, last, 1, **self._common)]
        self.layers = ModuleList(layers)
        widths = [stem, *(stage[-1].channels for stage in stages), last]
        self.out_channels = widths[self.out_indices[-1]]
        self._freeze_stages()

    def _make_stages(self, channels: int, stages: list[list[Group]]) -> list[Any]:
        rates = iter(drop_path_rates(self.drop_path_rate, sum(group.repeats for stage in stages for group in stage)))
        made = []
        for stage in stages:
            blocks: list[Any] = []
            for group in stage:
                for index in range(group.repeats):
                    # Only where a stage begins does a group stride; others do not change the size.
                    stride = group.stride if index == 0 else 1
                    blocks.append(self._block(channels, group, stride, len(blocks), next(rates)))
                    channels = group.channels
            made.append(Sequential(*blocks))
        return made

    def _block(self, channels: int, group: Group, stride: int, place: int, rate: float) -> Any:
        """One block of a group, which stands at a place of its stage."""
        ratio, residual = group.expand_ratio, True
        if group.fused and place > 0 and ratio == 3:
            ratio, residual = 4, False
        width = int(channels * ratio)
        squeeze = None
        if group.se_ratio > 0:
            squeeze = {
                "channels": width,
                "ratio": group.expand_ratio * group.se_ratio,
                "divisor": 1,
                "act_cfg": (self.act_cfg, {"type": "Sigmoid"}),
            }
        options: dict[str, Any] = {
            "kernel_size": group.kernel,
            "stride": stride,
            "se_cfg": squeeze,
            "drop_path_rate": rate,
            "with_cp": self.with_cp,
            **self._common,
        }
        if group.fused:
            return EdgeResidual(channels, group.channels, width, with_residual=residual, **options)
        return InvertedResidual(channels, group.channels, width, **options)

    def frozen_parts(self) -> Iterable[Any]:
        """As many layers as `frozen_stages` says."""
        yield from self.layers[: self.frozen_stages]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps of the layers in `out_indices`, of images `(N, 3, H, W)`."""
        outs = []
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in self.out_indices:
                outs.append(x)
        return tuple(outs)


def _stages(groups: Sequence[Group]) -> list[list[Group]]:
    """Groups by stage: one begins with the first group, and with each that strides."""
    stages: list[list[Group]] = []
    for index, group in enumerate(groups):
        if index == 0 or group.stride != 1:
            stages.append([])
        stages[-1].append(group)
    return stages
