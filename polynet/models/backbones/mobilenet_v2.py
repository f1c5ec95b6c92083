"""MMPretrain's MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381), with its options and weights' names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from polynet import nn
from polynet.models.backbones.base_backbone import BaseBackbone, check_frozen, stage_indices
from polynet.models.base_module import BaseModule
from polynet.models.blocks.width import make_divisible
from polynet.models.bricks.conv_module import ConvModule
from polynet.models.bricks.inverted_residual import check_stride
from polynet.models.bricks.layer_config import LayerConfig
from polynet.registry import BACKBONES
from polynet.types import Tensor

BATCH_NORM: LayerConfig = {"type": "BN"}
RELU6: LayerConfig = {"type": "ReLU6"}
INIT: Sequence[LayerConfig] = (
    {"type": "Kaiming", "layer": ["Conv2d"]},
    {"type": "Constant", "val": 1, "layer": ["_BatchNorm", "GroupNorm"]},
)


class InvertedResidual(BaseModule):
    """Widen, convolve each channel, narrow; the input is added where shapes allow.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Stride of the depthwise convolution, 1 or 2.
        expand_ratio: Channels within as a multiple of the input's.
        conv_cfg: Convolutions.
        norm_cfg: Normalisations.
        act_cfg: Activations.
        with_cp: Accepted; activations are always kept.
        init_cfg: How weights start; see `BaseModule`.

    Raises:
        OptionError: The stride is neither 1 nor 2.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = InvertedResidual(8, 8, 1, 6)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 8, 4, 4)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        expand_ratio: float,
        conv_cfg: LayerConfig | None = None,
        norm_cfg: LayerConfig = BATCH_NORM,
        act_cfg: LayerConfig = RELU6,
        with_cp: bool = False,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        check_stride("InvertedResidual", stride)
        self.with_cp = with_cp
        self.use_res_connect = stride == 1 and in_channels == out_channels
        width = round(in_channels * expand_ratio)
        common: dict[str, Any] = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        widen = [ConvModule(in_channels, width, 1, act_cfg=act_cfg, **common)] if expand_ratio != 1 else []
        self.conv = nn.Sequential(
            *widen,
            ConvModule(width, width, 3, stride=stride, padding=1, groups=width, act_cfg=act_cfg, **common),
            ConvModule(width, out_channels, 1, act_cfg=None, **common),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in_channels, H, W)` to `(N, out_channels, H / stride, W / stride)`."""
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.MobileNetV2")
class MobileNetV2(BaseBackbone):
    """Seven stages of inverted residuals, and a 1x1 convolution.

    Args:
        widen_factor: Factor of all widths.
        out_indices: Stages whose maps are returned, 0 to 6; 7 is the last convolution.
        frozen_stages: The stem (0) and stages up to this one are not trained; -1 for none.
        conv_cfg: Convolutions.
        norm_cfg: Normalisations.
        act_cfg: Activations.
        norm_eval: Keep batch normalisations' statistics while training.
        with_cp: Accepted; activations are always kept.
        init_cfg: How weights start; see `BaseModule`.

    Raises:
        OptionError: There is no such stage.

    Source: MMPretrain, `MobileNetV2`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = MobileNetV2(widen_factor=0.25, out_indices=(0, 7))
        >>> [tuple(out.shape) for out in net(ops.ones((1, 3, 64, 64)))]
        [(1, 8, 32, 32), (1, 1280, 2, 2)]
    """

    arch_settings = (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )
    """Of each stage: widening, channels, blocks, stride."""

    def __init__(
        self,
        widen_factor: float = 1.0,
        out_indices: Sequence[int] = (7,),
        frozen_stages: int = -1,
        conv_cfg: LayerConfig | None = None,
        norm_cfg: LayerConfig = BATCH_NORM,
        act_cfg: LayerConfig = RELU6,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: Any = INIT,
    ) -> None:
        super().__init__(init_cfg)
        self.widen_factor = widen_factor
        self.out_indices = stage_indices("MobileNetV2", out_indices, 8)
        self.frozen_stages = check_frozen("MobileNetV2", frozen_stages, -1, 7)
        self.norm_eval = norm_eval
        common: dict[str, Any] = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg, "act_cfg": act_cfg}
        channels = make_divisible(32 * widen_factor, round_limit=0.9)
        self.conv1 = ConvModule(3, channels, 3, stride=2, padding=1, **common)
        self.layers: list[str] = []
        widths = []
        for index, (ratio, width, count, stride) in enumerate(self.arch_settings):
            width = make_divisible(width * widen_factor, round_limit=0.9)
            blocks = []
            for block in range(count):
                step = stride if block == 0 else 1
                blocks.append(InvertedResidual(channels, width, step, ratio, with_cp=with_cp, **common))
                channels = width
            self._add(f"layer{index + 1}", nn.Sequential(*blocks))
            widths.append(width)
        self.out_channel = int(1280 * max(widen_factor, 1.0))
        self._add("conv2", ConvModule(channels, self.out_channel, 1, **common))
        self.out_channels = [*widths, self.out_channel][self.out_indices[-1]]
        self._freeze_stages()

    def _add(self, name: str, layer: Any) -> None:
        self.add_module(name, layer)
        self.layers.append(name)

    def frozen_parts(self) -> Iterable[Any]:
        """The stem, and as many stages as `frozen_stages` says."""
        if self.frozen_stages >= 0:
            yield self.conv1
        for name in self.layers[: max(self.frozen_stages, 0)]:
            yield getattr(self, name)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps of the stages in `out_indices`, of images `(N, 3, H, W)`."""
        x = self.conv1(x)
        outs = []
        for index, name in enumerate(self.layers):
            x = getattr(self, name)(x)
            if index in self.out_indices:
                outs.append(x)
        return tuple(outs)
