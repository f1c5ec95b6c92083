"""MMPretrain's ResNet (He et al. 2016, arXiv:1512.03385), and its variants c and d (He et al. 2019, arXiv:1812.01187).

Options, hooks and weights' names are MMPretrain's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.models.backbones.base_backbone import (
    BaseBackbone,
    check_frozen,
    drop_path_rates,
    known_setting,
    stage_indices,
)
from polynet.models.backbones.residual import BasicBlock, Bottleneck, ResidualBlock, ResLayer, expansion_of
from polynet.models.bricks.conv_module import ConvModule
from polynet.models.bricks.convolution import build_conv_layer
from polynet.models.bricks.layer_config import LayerConfig
from polynet.models.bricks.normalisation import build_norm_layer
from polynet.models.init_cfg import constant_init
from polynet.registry import BACKBONES
from polynet.types import Tensor

BATCH_NORM: LayerConfig = {"type": "BN", "requires_grad": True}
INIT: Sequence[LayerConfig] = (
    {"type": "Kaiming", "layer": ["Conv2d"]},
    {"type": "Constant", "val": 1, "layer": ["_BatchNorm", "GroupNorm"]},
)


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.ResNet")
class ResNet(BaseBackbone):
    """A residual network that gives the maps of its stages.

    To change a part, derive from it and override a hook: `_make_stem_layer`, `make_res_layer`, `forward`,
    `init_weights`, or the table `arch_settings`.

    Args:
        depth: 18, 34, 50, 101 or 152.
        in_channels: Channels of the images.
        stem_channels: Channels of the stem.
        base_channels: Channels within the first stage's blocks; each stage doubles them.
        expansion: Output channels of a block as a multiple of those within; the block's own by default.
        num_stages: Stages, 1 to 4.
        strides: Stride of each stage's first block.
        dilations: Dilation of each stage.
        out_indices: Stages whose maps are returned.
        style: `"pytorch"`: the 3x3 convolution of a bottleneck has the stride; `"caffe"`: the first 1x1 has it.
        deep_stem: Three 3x3 convolutions instead of one 7x7.
        avg_down: Pool in the shortcuts instead of striding their convolutions.
        frozen_stages: The stem (0) and stages up to this one are not trained; -1 for none.
        conv_cfg: Convolutions; see `build_conv_layer`.
        norm_cfg: Normalisations; see `build_norm_layer`.
        norm_eval: Keep batch normalisations' statistics while training.
        with_cp: Accepted; activations are always kept.
        zero_init_residual: Let each block start as an identity.
        init_cfg: How weights start; see `BaseModule`.
        drop_path_rate: Probability of dropping the last block's branch; earlier ones are dropped proportionally less.

    Raises:
        UnknownNameError: There is no such depth.
        OptionError: Options that do not fit together.

    Source: MMPretrain, `ResNet`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = ResNet(18, out_indices=(0, 3))
        >>> [tuple(out.shape) for out in net(ops.ones((1, 3, 64, 64)))]
        [(1, 64, 16, 16), (1, 512, 2, 2)]
    """

    arch_settings: dict[int, tuple[Any, tuple[int, ...]]] = {
        18: (BasicBlock, (2, 2, 2, 2)),
        34: (BasicBlock, (3, 4, 6, 3)),
        50: (Bottleneck, (3, 4, 6, 3)),
        101: (Bottleneck, (3, 4, 23, 3)),
        152: (Bottleneck, (3, 8, 36, 3)),
    }

    def __init__(
        self,
        depth: int,
        in_channels: int = 3,
        stem_channels: int = 64,
        base_channels: int = 64,
        expansion: int | None = None,
        num_stages: int = 4,
        strides: Sequence[int] = (1, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        out_indices: Sequence[int] = (3,),
        style: str = "pytorch",
        deep_stem: bool = False,
        avg_down: bool = False,
        frozen_stages: int = -1,
        conv_cfg: LayerConfig | None = None,
        norm_cfg: LayerConfig = BATCH_NORM,
        norm_eval: bool = False,
        with_cp: bool = False,
        zero_init_residual: bool = True,
        init_cfg: Any = INIT,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__(init_cfg)
        owner = type(self).__name__
        self.block, blocks = known_setting(owner, "depth", depth, self.arch_settings)
        _check_stages(owner, num_stages, strides, dilations)
        self.depth = depth
        self.stem_channels = stem_channels
        self.base_channels = base_channels
        self.num_stages = num_stages
        self.strides = tuple(strides)
        self.dilations = tuple(dilations)
        self.out_indices = stage_indices(owner, out_indices, num_stages)
        self.style = style
        self.deep_stem = deep_stem
        self.avg_down = avg_down
        self.frozen_stages = check_frozen(owner, frozen_stages, -1, num_stages)
        self.conv_cfg = conv_cfg
        self.norm_cfg = norm_cfg
        self.norm_eval = norm_eval
        self.with_cp = with_cp
        self.zero_init_residual = zero_init_residual
        self.stage_blocks = blocks[:num_stages]
        self.expansion = expansion_of(self.block, expansion)
        self._make_stem_layer(in_channels, stem_channels)
        self.res_layers: list[str] = []
        self._make_stages(drop_path_rates(drop_path_rate, sum(blocks)))
        self._freeze_stages()

    def _make_stages(self, rates: list[float]) -> None:
        channels = self.stem_channels
        first = 0
        for index, count in enumerate(self.stage_blocks):
            out_channels = self.base_channels * self.expansion * 2**index
            stage = self.make_res_layer(
                block=self.block,
                num_blocks=count,
                in_channels=channels,
                out_channels=out_channels,
                expansion=self.expansion,
                stride=self.strides[index],
                dilation=self.dilations[index],
                style=self.style,
                avg_down=self.avg_down,
                with_cp=self.with_cp,
                conv_cfg=self.conv_cfg,
                norm_cfg=self.norm_cfg,
                drop_path_rate=rates[first : first + count],
            )
            self.add_module(f"layer{index + 1}", stage)
            self.res_layers.append(f"layer{index + 1}")
            channels = out_channels
            first += count
        self.feat_dim = channels
        self.out_channels = self.base_channels * self.expansion * 2 ** self.out_indices[-1]

    def make_res_layer(self, **options: Any) -> Any:
        """Make a stage: a hook, given the options of `ResLayer`."""
        return ResLayer(**options)

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        """Make what precedes the stages: a hook, to be matched by `forward`."""
        if self.deep_stem:
            half = stem_channels // 2
            channels = ((in_channels, half, 2), (half, half, 1), (half, stem_channels, 1))
            self.stem = nn.Sequential(
                *[
                    ConvModule(w_in, w_out, 3, stride, 1, conv_cfg=self.conv_cfg, norm_cfg=self.norm_cfg)
                    for w_in, w_out, stride in channels
                ]
            )
        else:
            self.conv1 = build_conv_layer(
                self.conv_cfg, in_channels, stem_channels, kernel_size=7, stride=2, padding=3, bias=False
            )
            self.norm1_name, norm1 = build_norm_layer(self.norm_cfg, stem_channels, postfix=1)
            self.add_module(self.norm1_name, norm1)
            self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)

    @property
    def norm1(self) -> Any:
        """Normalisation of the stem."""
        return getattr(self, self.norm1_name)

    def frozen_parts(self) -> Iterable[Any]:
        """The stem, and as many stages as `frozen_stages` says."""
        if self.frozen_stages >= 0:
            yield from (self.stem,) if self.deep_stem else (self.conv1, self.norm1)
        for name in self.res_layers[: max(self.frozen_stages, 0)]:
            yield getattr(self, name)

    def init_weights(self) -> None:
        """Draw weights by `init_cfg`, then let residual blocks start as identities, unless weights were loaded."""
        super().init_weights()
        if self.loads_checkpoint or not self.zero_init_residual:
            return
        for block in self.modules():
            if isinstance(block, ResidualBlock):
                constant_init(getattr(block, block.last_norm), 0)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps of the stages in `out_indices`, of images `(N, in_channels, H, W)`."""
        x = self.stem(x) if self.deep_stem else self.relu(self.norm1(self.conv1(x)))
        return self.forward_stages(self.maxpool(x))

    def forward_stages(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps of the stages in `out_indices`, of what the stem gave."""
        outs = []
        for index, name in enumerate(self.res_layers):
            x = getattr(self, name)(x)
            if index in self.out_indices:
                outs.append(x)
        return tuple(outs)


def _check_stages(owner: str, num_stages: Any, strides: Sequence[int], dilations: Sequence[int]) -> None:
    if num_stages not in (1, 2, 3, 4):
        message = f"{owner}: num_stages is 1 to 4, not {num_stages!r}."
        raise OptionError(message)
    for name, values in (("strides", strides), ("dilations", dilations)):
        if len(values) != num_stages:
            message = f"{owner}: {name} has {len(values)} numbers, {tuple(values)}, for {num_stages} stages."
            raise OptionError(message)


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.ResNetV1c")
class ResNetV1c(ResNet):
    """ResNet whose stem is three 3x3 convolutions.

    Args:
        **options: Those of `ResNet`, but for `deep_stem` and `avg_down`.

    Source: MMPretrain, `ResNetV1c`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = ResNetV1c(depth=18)
        >>> [tuple(out.shape) for out in net(ops.ones((1, 3, 64, 64)))]
        [(1, 512, 2, 2)]
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(deep_stem=True, avg_down=False, **options)


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.ResNetV1d")
class ResNetV1d(ResNet):
    """ResNet with the stem of `ResNetV1c` and pooling in its shortcuts.

    Args:
        **options: Those of `ResNet`, but for `deep_stem` and `avg_down`.

    Source: MMPretrain, `ResNetV1d`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = ResNetV1d(depth=18)
        >>> [tuple(out.shape) for out in net(ops.ones((1, 3, 64, 64)))]
        [(1, 512, 2, 2)]
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(deep_stem=True, avg_down=True, **options)
