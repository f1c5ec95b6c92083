"""Mobile blocks: inverted residual (Sandler et al. 2018, arXiv:1801.04381) and EfficientNet-EdgeTPU's fused one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.models.bricks.conv_module import RELU, ConvModule
from polynet.models.bricks.layer_config import LayerConfig
from polynet.models.bricks.squeeze_excitation import SELayer
from polynet.types import Tensor

BATCH_NORM: LayerConfig = {"type": "BN"}


def check_stride(block: str, stride: Any) -> None:
    """Refuse a stride that mobile blocks do not have.

    Raises:
        OptionError: It is neither 1 nor 2.

    Example:
        >>> check_stride("InvertedResidual", 2)
    """
    if stride not in (1, 2):
        message = f"{block}: stride must be 1 or 2, not {stride!r}."
        raise OptionError(message)


class InvertedResidual(nn.Module):
    """Widen, convolve each channel, [squeeze and excite,] narrow; the input is added where shapes allow.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        mid_channels: Channels of the depthwise convolution; none are added if they are those of the input.
        kernel_size: Side of the depthwise kernel.
        stride: Stride of the depthwise convolution, 1 or 2.
        se_cfg: Options of a `SELayer`; `None` for none.
        conv_cfg: Convolutions.
        norm_cfg: Normalisations.
        act_cfg: Activations.
        drop_path_rate: Probability of dropping the branch.
        with_cp: Accepted; activations are always kept.

    Raises:
        OptionError: The stride is neither 1 nor 2.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = InvertedResidual(8, 8, 32)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 8, 4, 4)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        se_cfg: Mapping[str, Any] | None = None,
        conv_cfg: LayerConfig | None = None,
        norm_cfg: LayerConfig | None = BATCH_NORM,
        act_cfg: LayerConfig | None = RELU,
        drop_path_rate: float = 0.0,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        check_stride("InvertedResidual", stride)
        common: dict[str, Any] = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
        self.with_cp = with_cp
        self.with_res_shortcut = stride == 1 and in_channels == out_channels
        self.drop_path = nn.DropPath(drop_path_rate) if drop_path_rate > 0 else None
        self.with_se = se_cfg is not None
        self.with_expand_conv = mid_channels != in_channels
        if self.with_expand_conv:
            self.expand_conv = ConvModule(in_channels, mid_channels, 1, act_cfg=act_cfg, **common)
        self.depthwise_conv = ConvModule(
            mid_channels,
            mid_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            groups=mid_channels,
            act_cfg=act_cfg,
            **common,
        )
        if se_cfg is not None:
            self.se = SELayer(**se_cfg)
        self.linear_conv = ConvModule(mid_channels, out_channels, 1, act_cfg=None, **common)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in_channels, H, W)` to `(N, out_channels, H / stride, W / stride)`."""
        out = self.expand_conv(x) if self.with_expand_conv else x
        out = self.depthwise_conv(out)
        if self.with_se:
            out = self.se(out)
        out = self.linear_conv(out)
        return joined(x, out, self.drop_path) if self.with_res_shortcut else out


class EdgeResidual(nn.Module):
    """One full convolution in the place of the inverted residual's widening and depthwise ones.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        mid_channels: Channels between the convolutions.
        kernel_size: Side of the first kernel.
        stride: Stride of the first convolution, 1 or 2.
        se_cfg: Options of a `SELayer`; `None` for none.
        with_residual: Whether to add the input, where shapes allow.
        conv_cfg: First convolution.
        norm_cfg: Normalisations.
        act_cfg: Activation.
        drop_path_rate: Probability of dropping the branch.
        with_cp: Accepted; activations are always kept.

    Raises:
        OptionError: The stride is neither 1 nor 2.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = EdgeResidual(8, 8, 32)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 8, 4, 4)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        se_cfg: Mapping[str, Any] | None = None,
        with_residual: bool = True,
        conv_cfg: LayerConfig | None = None,
        norm_cfg: LayerConfig | None = BATCH_NORM,
        act_cfg: LayerConfig | None = RELU,
        drop_path_rate: float = 0.0,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        check_stride("EdgeResidual", stride)
        self.with_cp = with_cp
        self.drop_path = nn.DropPath(drop_path_rate) if drop_path_rate > 0 else None
        self.with_se = se_cfg is not None
        self.with_residual = stride == 1 and in_channels == out_channels and with_residual
        self.conv1 = ConvModule(
            in_channels,
            mid_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            conv_cfg=conv_cfg,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
        )
        if se_cfg is not None:
            self.se = SELayer(**se_cfg)
        self.conv2 = ConvModule(mid_channels, out_channels, 1, norm_cfg=norm_cfg, act_cfg=None)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in_channels, H, W)` to `(N, out_channels, H / stride, W / stride)`."""
        out = self.conv1(x)
        if self.with_se:
            out = self.se(out)
        out = self.conv2(out)
        return joined(x, out, self.drop_path) if self.with_residual else out


def joined(x: Tensor, branch: Tensor, drop_path: Any) -> Tensor:
    """The input and the branch, which is dropped sometimes if there is a `drop_path`.

    Example:
        >>> joined(1.0, 2.0, None)
        3.0
    """
    return x + (branch if drop_path is None else drop_path(branch))
