"""The neck of HRNet: all its resolutions fused into one (Wang et al. 2020, arXiv:1908.07919)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from polynet import nn
from polynet.errors import InputError, OptionError
from polynet.models.backbones.residual import Bottleneck, ResLayer
from polynet.models.base_module import BaseModule
from polynet.models.bricks.conv_module import ConvModule
from polynet.registry import NECKS
from polynet.types import Tensor

BATCH_NORM: Mapping[str, Any] = MappingProxyType({"type": "BN", "momentum": 0.1})
WIDTHS = (128, 256, 512, 1024)
"""Channels of each scale once it is widened, the finest first."""


@NECKS.register
class HRFuseScales(BaseModule):
    """Widens maps of two to four resolutions, then adds each, at half its resolution, to the next coarser.

    Args:
        in_channels: Channels of the maps, the finest first; each map has half the last one's height and width.
        out_channels: Channels of the result.
        norm_cfg: What normalises where resolutions meet and at the end.
        init_cfg: How weights start; see `BaseModule`.

    Returns:
        A tuple of one map `(N, out_channels, H, W)`, of the coarsest resolution.

    Raises:
        OptionError: There are not two to four scales.

    Source: MMPretrain, `HRFuseScales`; its default rule for linear layers, of which it has none, is left out.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     neck = HRFuseScales([4, 8], out_channels=16)
        >>> tuple(neck((ops.ones((2, 4, 8, 8)), ops.ones((2, 8, 4, 4))))[0].shape)
        (2, 16, 4, 4)
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 2048,
        norm_cfg: Any = BATCH_NORM,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        if not isinstance(in_channels, (list, tuple)) or not 2 <= len(in_channels) <= len(WIDTHS):
            message = f"HRFuseScales: in_channels has two to four numbers, one for each scale, not {in_channels!r}."
            raise OptionError(message)
        self.in_channels = tuple(in_channels)
        self.out_channels = out_channels
        widths = WIDTHS[: len(in_channels)]
        self.increase_layers = nn.ModuleList(
            [ResLayer(Bottleneck, 1, given, width) for given, width in zip(in_channels, widths, strict=True)]
        )
        self.downsample_layers = nn.ModuleList(
            [
                ConvModule(fine, coarse, 3, stride=2, padding=1, norm_cfg=norm_cfg, bias=False)
                for fine, coarse in itertools.pairwise(widths)
            ]
        )
        self.final_layer = ConvModule(widths[-1], out_channels, 1, norm_cfg=norm_cfg, bias=False)

    def forward(self, x: Sequence[Tensor]) -> tuple[Tensor]:
        """The fused map.

        Raises:
            InputError: There are not as many maps as scales.
        """
        if not isinstance(x, (tuple, list)) or len(x) != len(self.in_channels):
            given = f"{len(x)} maps" if isinstance(x, (tuple, list)) else "one tensor"
            message = f"HRFuseScales takes a tuple of {len(self.in_channels)} maps, not {given}."
            raise InputError(message)
        feat = self.increase_layers[0](x[0])
        for index, layer in enumerate(self.downsample_layers):
            feat = layer(feat) + self.increase_layers[index + 1](x[index + 1])
        return (self.final_layer(feat),)
