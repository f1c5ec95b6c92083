"""MMPretrain's MobileNetV3 (Howard et al. 2019, arXiv:1905.02244), with its options and weights' names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from polynet.models.backbones.base_backbone import BaseBackbone, check_frozen, known_setting, stage_indices
from polynet.models.bricks.conv_module import ConvModule
from polynet.models.bricks.inverted_residual import InvertedResidual
from polynet.models.bricks.layer_config import LayerConfig
from polynet.registry import BACKBONES
from polynet.types import Tensor

BATCH_NORM: LayerConfig = {"type": "BN", "eps": 0.001, "momentum": 0.01}
HSWISH: LayerConfig = {"type": "HSwish"}
INIT: Sequence[LayerConfig] = (
    {"type": "Kaiming", "layer": ["Conv2d"], "nonlinearity": "leaky_relu"},
    {"type": "Constant", "layer": ["BatchNorm2d"], "val": 1},
)
STEM = 16


class Block(NamedTuple):
    """One inverted residual: kernel, channels within and after, squeeze-and-excitation, activation, stride."""

    kernel: int
    mid_channels: int
    out_channels: int
    with_se: bool
    activation: str
    stride: int


def _small(widths: Sequence[tuple[int, int]]) -> tuple[Block, ...]:
    """A small network by the channels within and after each block."""
    kernels = (3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 5)
    strides = (2, 2, 1, 2, 1, 1, 1, 1, 2, 1, 1)
    return tuple(
        Block(kernel, *width, index == 0 or index > 2, "ReLU" if index < 3 else "HSwish", stride)
        for index, (kernel, width, stride) in enumerate(zip(kernels, widths, strides, strict=True))
    )


_LARGE = (
    Block(3, 16, 16, False, "ReLU", 1),
    Block(3, 64, 24, False, "ReLU", 2),
    Block(3, 72, 24, False, "ReLU", 1),
    Block(5, 72, 40, True, "ReLU", 2),
    Block(5, 120, 40, True, "ReLU", 1),
    Block(5, 120, 40, True, "ReLU", 1),
    Block(3, 240, 80, False, "HSwish", 2),
    Block(3, 200, 80, False, "HSwish", 1),
    Block(3, 184, 80, False, "HSwish", 1),
    Block(3, 184, 80, False, "HSwish", 1),
    Block(3, 480, 112, True, "HSwish", 1),
    Block(3, 672, 112, True, "HSwish", 1),
    Block(5, 672, 160, True, "HSwish", 2),
    Block(5, 960, 160, True, "HSwish", 1),
    Block(5, 960, 160, True, "HSwish", 1),
)


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.MobileNetV3")
class MobileNetV3(BaseBackbone):
    """A 3x3 convolution, inverted residuals, and a 1x1 convolution.

    Args:
        arch: `"small"`, `"small_075"`, `"small_050"` or `"large"`.
        conv_cfg: Convolutions.
        norm_cfg: Normalisations.
        out_indices: Layers whose maps are returned; 0 is the stem. By default the last convolution.
        frozen_stages: Layers up to this one are not trained; -1 for none.
        norm_eval: Keep batch normalisations' statistics while training.
        with_cp: Accepted; activations are always kept.
        init_cfg: How weights start; see `BaseModule`.

    Raises:
        UnknownNameError: There is no such architecture.
        OptionError: There is no such layer.

    Source: MMPretrain, `MobileNetV3`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = MobileNetV3("small_050")
        >>> [tuple(out.shape) for out in net(ops.ones((1, 3, 64, 64)))]
        [(1, 288, 2, 2)]
    """

    arch_settings: dict[str, tuple[Block, ...]] = {
        "small": _small(
            (
                *((16, 16), (72, 24), (88, 24), (96, 40), (240, 40), (240, 40)),
                *((120, 48), (144, 48), (288, 96), (576, 96), (576, 96)),
            )
        ),
        "small_075": _small(
            (
                *((16, 16), (72, 24), (88, 24), (96, 32), (192, 32), (192, 32)),
                *((96, 40), (120, 40), (240, 72), (432, 72), (432, 72)),
            )
        ),
        "small_050": _small(
            (
                *((16, 8), (40, 16), (56, 16), (64, 24), (144, 24), (144, 24)),
                *((72, 24), (72, 24), (144, 48), (288, 48), (288, 48)),
            )
        ),
        "large": _LARGE,
    }

    def __init__(
        self,
        arch: str = "small",
        conv_cfg: LayerConfig | None = None,
        norm_cfg: LayerConfig = BATCH_NORM,
        out_indices: Sequence[int] | None = None,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: Any = INIT,
    ) -> None:
        super().__init__(init_cfg)
        blocks = known_setting("MobileNetV3", "arch", arch, self.arch_settings)
        count = len(blocks) + 2
        self.arch = arch
        self.out_indices = stage_indices("MobileNetV3", (count - 1,) if out_indices is None else out_indices, count)
        self.frozen_stages = check_frozen("MobileNetV3", frozen_stages, -1, count - 1)
        self.norm_eval = norm_eval
        common: dict[str, Any] = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        self.layers: list[str] = []
        self._add(ConvModule(3, STEM, 3, stride=2, padding=1, act_cfg=HSWISH, **common))
        channels = STEM
        for block in blocks:
            self._add(_block(channels, block, with_cp, common))
            channels = block.out_channels
        last = blocks[-1].mid_channels
        self._add(ConvModule(channels, last, 1, act_cfg=HSWISH, **common))
        self.feat_dim = last
        self.out_channels = [STEM, *(block.out_channels for block in blocks), last][self.out_indices[-1]]
        self._freeze_stages()

    def _add(self, layer: Any) -> None:
        name = f"layer{len(self.layers)}"
        self.add_module(name, layer)
        self.layers.append(name)

    def frozen_parts(self) -> Iterable[Any]:
        """As many layers as `frozen_stages` says."""
        for name in self.layers[: self.frozen_stages + 1]:
            yield getattr(self, name)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps of the layers in `out_indices`, of images `(N, 3, H, W)`."""
        outs = []
        for index, name in enumerate(self.layers):
            x = getattr(self, name)(x)
            if index in self.out_indices:
                outs.append(x)
        return tuple(outs)


def _block(channels: int, block: Block, with_cp: bool, common: dict[str, Any]) -> InvertedResidual:
    squeeze = None
    if block.with_se:
        squeeze = {"channels": block.mid_channels, "ratio": 4, "act_cfg": ({"type": "ReLU"}, {"type": "HSigmoid"})}
    return InvertedResidual(
        channels,
        block.out_channels,
        block.mid_channels,
        kernel_size=block.kernel,
        stride=block.stride,
        se_cfg=squeeze,
        act_cfg={"type": block.activation},
        with_cp=with_cp,
        **common,
    )
