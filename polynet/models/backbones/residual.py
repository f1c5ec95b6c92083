"""Residual blocks with MMPretrain's options and names (He et al. 2016, arXiv:1512.03385), and a stage of them.

Grouped bottlenecks: Xie et al. 2017, arXiv:1611.05431. Squeeze-and-excitation: Hu et al. 2018, arXiv:1709.01507.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.models.base_module import BaseModule
from polynet.models.bricks.activation import build_activation_layer
from polynet.models.bricks.convolution import build_conv_layer
from polynet.models.bricks.layer_config import LayerConfig
from polynet.models.bricks.normalisation import build_norm_layer
from polynet.models.bricks.squeeze_excitation import SELayer
from polynet.types import Tensor

BATCH_NORM: LayerConfig = {"type": "BN"}
RELU: LayerConfig = {"type": "ReLU", "inplace": True}


class ResidualBlock(BaseModule):
    """What residual blocks share.

    Attributes:
        expansion: Output channels as a multiple of the channels within.
        last_norm: Name of the normalisation that ends the branch.
    """

    default_expansion = 1
    last_norm: str
    downsample: Any
    norm_cfg: LayerConfig
    norm1_name: str
    norm2_name: str
    norm3_name: str

    def add_norm(self, number: int, channels: int) -> None:
        """Make normalisation `number`, named by its kind: `bn1`; its name is kept as `norm1_name`."""
        name, norm = build_norm_layer(self.norm_cfg, channels, postfix=number)
        setattr(self, f"norm{number}_name", name)
        self.add_module(name, norm)

    def add_ending(self, downsample: Any, drop_path_rate: float, act_cfg: LayerConfig) -> None:
        """Take the shortcut's projection, and make what follows the branch."""
        self.relu = build_activation_layer(act_cfg)
        self.downsample = downsample
        self.drop_path = nn.DropPath(drop_path_rate) if drop_path_rate > 1e-5 else None

    def joined(self, x: Tensor, branch: Tensor) -> Tensor:
        """Add a branch to the shortcut of the block's input."""
        identity = x if self.downsample is None else self.downsample(x)
        if self.drop_path is not None:
            branch = self.drop_path(branch)
        return self.relu(branch + identity)

    @property
    def norm1(self) -> Any:
        """First normalisation."""
        return getattr(self, self.norm1_name)

    @property
    def norm2(self) -> Any:
        """Second normalisation."""
        return getattr(self, self.norm2_name)


class BasicBlock(ResidualBlock):
    """Two 3x3 convolutions and a shortcut.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        expansion: 1: nothing else has a meaning.
        stride: Stride of the first convolution.
        dilation: Dilation of the first convolution.
        downsample: Module that brings the shortcut to the output's shape.
        style: No meaning here.
        with_cp: Accepted; activations are always kept.
        conv_cfg: Convolutions; see `build_conv_layer`.
        norm_cfg: Normalisations; see `build_norm_layer`.
        drop_path_rate: Probability of dropping the branch.
        act_cfg: Activations.
        init_cfg: How weights start; see `BaseModule`.

    Raises:
        OptionError: The expansion is not 1.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = BasicBlock(8, 8)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 8, 4, 4)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        expansion: int = 1,
        stride: int = 1,
        dilation: int = 1,
        downsample: Any = None,
        style: str = "pytorch",
        with_cp: bool = False,
        conv_cfg: LayerConfig | None = None,
        norm_cfg: LayerConfig = BATCH_NORM,
        drop_path_rate: float = 0.0,
        act_cfg: LayerConfig = RELU,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        if expansion != 1:
            message = f"BasicBlock: expansion must be 1, not {expansion!r}."
            raise OptionError(message)
        self.in_channels = in_channels
        self.out_channels = self.mid_channels = out_channels
        self.expansion = expansion
        self.stride = stride
        self.dilation = dilation
        self.style = style
        self.with_cp = with_cp
        self.conv_cfg = conv_cfg
        self.norm_cfg = norm_cfg
        self.conv1 = build_conv_layer(
            conv_cfg, in_channels, out_channels, 3, stride=stride, padding=dilation, dilation=dilation, bias=False
        )
        self.add_norm(1, out_channels)
        self.conv2 = build_conv_layer(conv_cfg, out_channels, out_channels, 3, padding=1, bias=False)
        self.add_norm(2, out_channels)
        self.last_norm = self.norm2_name
        self.add_ending(downsample, drop_path_rate, act_cfg)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in_channels, H, W)` to `(N, out_channels, H / stride, W / stride)`."""
        out = self.relu(self.norm1(self.conv1(x)))
        return self.joined(x, self.norm2(self.conv2(out)))


class Bottleneck(ResidualBlock):
    """1x1, 3x3 (grouped), 1x1 convolutions and a shortcut.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        expansion: Output channels as a multiple of those of the 3x3 convolution, before groups widen it.
        stride: Stride of the block.
        dilation: Dilation of the 3x3 convolution.
        downsample: Module that brings the shortcut to the output's shape.
        style: `"pytorch"`: the 3x3 convolution has the stride; `"caffe"`: the first has it.
        with_cp: Accepted; activations are always kept.
        conv_cfg: Convolutions; see `build_conv_layer`.
        norm_cfg: Normalisations; see `build_norm_layer`.
        act_cfg: Activations.
        drop_path_rate: Probability of dropping the branch.
        groups: Groups of the 3x3 convolution.
        width_per_group: Channels of a group in the first stage; no meaning for one group.
        base_channels: Channels within the first stage's blocks, to which `width_per_group` refers.
        init_cfg: How weights start; see `BaseModule`.

    Raises:
        OptionError: There is no such style, or the expansion does not divide the output's channels.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = Bottleneck(16, 16)
        >>> tuple(block(ops.ones((1, 16, 4, 4))).shape)
        (1, 16, 4, 4)
    """

    default_expansion = 4

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        expansion: int = 4,
        stride: int = 1,
        dilation: int = 1,
        downsample: Any = None,
        style: str = "pytorch",
        with_cp: bool = False,
        conv_cfg: LayerConfig | None = None,
        norm_cfg: LayerConfig = BATCH_NORM,
        act_cfg: LayerConfig = RELU,
        drop_path_rate: float = 0.0,
        groups: int = 1,
        width_per_group: int = 4,
        base_channels: int = 64,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        if style not in ("pytorch", "caffe"):
            message = f"Bottleneck: style is 'pytorch' or 'caffe', not {style!r}."
            raise OptionError(message)
        if out_channels % expansion:
            message = f"Bottleneck: an expansion of {expansion} does not divide {out_channels} channels."
            raise OptionError(message)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.expansion = expansion
        self.mid_channels = out_channels // expansion
        if groups != 1:
            self.mid_channels = groups * width_per_group * self.mid_channels // base_channels
        self.groups = groups
        self.width_per_group = width_per_group
        self.stride = stride
        self.dilation = dilation
        self.style = style
        self.with_cp = with_cp
        self.conv_cfg = conv_cfg
        self.norm_cfg = norm_cfg
        self.conv1_stride, self.conv2_stride = (1, stride) if style == "pytorch" else (stride, 1)
        width = self.mid_channels
        self.conv1 = build_conv_layer(conv_cfg, in_channels, width, 1, stride=self.conv1_stride, bias=False)
        self.add_norm(1, width)
        self.conv2 = build_conv_layer(
            conv_cfg,
            width,
            width,
            3,
            stride=self.conv2_stride,
            padding=dilation,
            dilation=dilation,
            groups=groups,
            bias=False,
        )
        self.add_norm(2, width)
        self.conv3 = build_conv_layer(conv_cfg, width, out_channels, 1, bias=False)
        self.add_norm(3, out_channels)
        self.last_norm = self.norm3_name
        self.add_ending(downsample, drop_path_rate, act_cfg)

    @property
    def norm3(self) -> Any:
        """Third normalisation."""
        return getattr(self, self.norm3_name)

    def branch(self, x: Tensor) -> Tensor:
        """What is added to the shortcut."""
        out = self.relu(self.norm1(self.conv1(x)))
        out = self.relu(self.norm2(self.conv2(out)))
        return self.norm3(self.conv3(out))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in_channels, H, W)` to `(N, out_channels, H / stride, W / stride)`."""
        return self.joined(x, self.branch(x))


class SEBottleneck(Bottleneck):
    """A bottleneck whose branch ends in a squeeze-and-excitation.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        se_ratio: Output channels as a multiple of the squeeze's.
        **options: Those of `Bottleneck`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = SEBottleneck(32, 32)
        >>> tuple(block(ops.ones((1, 32, 4, 4))).shape)
        (1, 32, 4, 4)
    """

    def __init__(self, in_channels: int, out_channels: int, se_ratio: int = 16, **options: Any) -> None:
        super().__init__(in_channels, out_channels, **options)
        self.se_layer = SELayer(out_channels, ratio=se_ratio)

    def branch(self, x: Tensor) -> Tensor:
        """What is added to the shortcut."""
        return self.se_layer(super().branch(x))


def expansion_of(block: Any, expansion: int | None = None) -> int:
    """A block's expansion: the one given, else the block's own.

    Raises:
        OptionError: It is no number of at least 1.

    Example:
        >>> expansion_of(BasicBlock), expansion_of(Bottleneck), expansion_of(Bottleneck, 2)
        (1, 4, 2)
    """
    if expansion is None:
        expansion = getattr(block, "expansion", getattr(block, "default_expansion", None))
    if isinstance(expansion, bool) or not isinstance(expansion, int) or expansion < 1:
        message = f"The expansion of {getattr(block, '__name__', block)} must be a number of at least 1: {expansion!r}."
        raise OptionError(message)
    return expansion


class ResLayer(nn.Sequential):
    """A stage of residual blocks, of which the first may stride and change the channels.

    Args:
        block: Class of the blocks.
        num_blocks: Blocks.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        expansion: The blocks' expansion; their own by default.
        stride: Stride of the first block.
        avg_down: Pool in the shortcut instead of striding its convolution.
        conv_cfg: Convolutions.
        norm_cfg: Normalisations.
        drop_path_rate: Probability of dropping the branch, for all blocks or each.
        **options: Passed to the blocks.

    Raises:
        OptionError: There are not as many probabilities as blocks.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     stage = ResLayer(BasicBlock, 2, 8, 16, stride=2)
        >>> tuple(stage(ops.ones((1, 8, 4, 4))).shape)
        (1, 16, 2, 2)
    """

    def __init__(
        self,
        block: Any,
        num_blocks: int,
        in_channels: int,
        out_channels: int,
        expansion: int | None = None,
        stride: int = 1,
        avg_down: bool = False,
        conv_cfg: LayerConfig | None = None,
        norm_cfg: LayerConfig = BATCH_NORM,
        drop_path_rate: float | Sequence[float] = 0.0,
        **options: Any,
    ) -> None:
        expansion = expansion_of(block, expansion)
        rates = [float(drop_path_rate)] * num_blocks if isinstance(drop_path_rate, int | float) else [*drop_path_rate]
        if len(rates) != num_blocks:
            message = f"ResLayer: drop_path_rate has {len(rates)} numbers for {num_blocks} blocks."
            raise OptionError(message)
        options = {**options, "expansion": expansion, "conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        downsample = None
        if stride != 1 or in_channels != out_channels:
            downsample = _projection(in_channels, out_channels, stride, avg_down, conv_cfg, norm_cfg)
        first = {"stride": stride, "downsample": downsample}
        super().__init__(
            *[
                block(
                    in_channels=in_channels if index == 0 else out_channels,
                    out_channels=out_channels,
                    drop_path_rate=rates[index],
                    **(first if index == 0 else {"stride": 1}),
                    **options,
                )
                for index in range(num_blocks)
            ]
        )


def _projection(
    in_channels: int,
    out_channels: int,
    stride: int,
    avg_down: bool,
    conv_cfg: LayerConfig | None,
    norm_cfg: LayerConfig,
) -> Any:
    """What brings a shortcut to the shape of its block's output."""
    pool = []
    if avg_down and stride != 1:
        pool = [nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)]
    convolution = build_conv_layer(conv_cfg, in_channels, out_channels, 1, stride=1 if pool else stride, bias=False)
    return nn.Sequential(*pool, convolution, build_norm_layer(norm_cfg, out_channels)[1])
