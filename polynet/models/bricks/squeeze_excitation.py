"""Squeeze-and-excitation (Hu et al. 2018, arXiv:1709.01507), as MMPretrain has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polynet import nn
from polynet.errors import OptionError
from polynet.models.blocks.width import make_divisible
from polynet.models.bricks.conv_module import ConvModule
from polynet.models.bricks.layer_config import LayerConfig
from polynet.types import Tensor

ACTIVATIONS: Sequence[LayerConfig] = ({"type": "ReLU"}, {"type": "Sigmoid"})


class SELayer(nn.Module):
    """Scale each channel by a weight computed from the means of all of them.

    Args:
        channels: Channels.
        squeeze_channels: Width of the bottleneck; by default `channels // ratio`, rounded to a multiple of `divisor`.
        ratio: See `squeeze_channels`.
        divisor: See `squeeze_channels`.
        bias: Whether the convolutions have biases; `"auto"` for yes.
        conv_cfg: Convolution.
        act_cfg: Activations after the two convolutions, or one for both.
        return_weight: Return the weights alone.

    Raises:
        OptionError: There are not two activations, or no channel in the bottleneck.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     se = SELayer(16, ratio=4)
        >>> tuple(se(ops.ones((1, 16, 4, 4))).shape)
        (1, 16, 4, 4)
    """

    def __init__(
        self,
        channels: int,
        squeeze_channels: int | None = None,
        ratio: float = 16,
        divisor: int = 8,
        bias: bool | str = "auto",
        conv_cfg: LayerConfig | None = None,
        act_cfg: LayerConfig | Sequence[LayerConfig] = ACTIVATIONS,
        return_weight: bool = False,
    ) -> None:
        super().__init__()
        activations: Any = (act_cfg, act_cfg) if isinstance(act_cfg, Mapping) else act_cfg
        if len(activations) != 2:
            message = f"SELayer: act_cfg is one config or two, not {len(activations)}."
            raise OptionError(message)
        if squeeze_channels is None:
            squeeze_channels = make_divisible(channels // ratio, divisor, round_limit=0.9)
        if not isinstance(squeeze_channels, int) or squeeze_channels < 1:
            message = f"SELayer: squeeze_channels must be a whole number of at least 1, not {squeeze_channels!r}."
            raise OptionError(message)
        self.return_weight = return_weight
        self.global_avgpool = nn.AdaptiveAvgPool2d(1)
        self.conv1 = ConvModule(
            channels, squeeze_channels, 1, bias=bias, conv_cfg=conv_cfg, act_cfg=activations[0], inplace=False
        )
        self.conv2 = ConvModule(
            squeeze_channels, channels, 1, bias=bias, conv_cfg=conv_cfg, act_cfg=activations[1], inplace=False
        )

    def forward(self, x: Tensor) -> Tensor:
        """Scale `(N, C, H, W)`; the shape stays."""
        weight = self.conv2(self.conv1(self.global_avgpool(x)))
        return weight if self.return_weight else x * weight
