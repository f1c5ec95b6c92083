"""Necks of linear layers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from polynet import nn, ops
from polynet.errors import InputError, OptionError
from polynet.models.base_module import BaseModule
from polynet.models.bricks.activation import build_activation_layer
from polynet.models.bricks.normalisation import build_norm_layer
from polynet.registry import NECKS
from polynet.types import Tensor

BATCH_NORM_1D: Mapping[str, Any] = MappingProxyType({"type": "BN1d"})
SYNC_BATCH_NORM: Mapping[str, Any] = MappingProxyType({"type": "SyncBN"})
NORMS_ONE: Mapping[str, Any] = MappingProxyType({"type": "Constant", "val": 1, "layer": ["_BatchNorm", "GroupNorm"]})


@NECKS.register
class LinearNeck(BaseModule):
    """Brings features to another width: a mean over positions, a linear layer, normalisation, activation.

    Args:
        in_channels: Width of the features.
        out_channels: Width of the result.
        gap_dim: How many axes of positions to average over, 0 to 3.
        norm_cfg: What normalises; `None` for nothing.
        act_cfg: What activates; `None` for nothing.
        init_cfg: How weights start; see `BaseModule`.

    Returns:
        A tuple of one tensor `(N, out_channels)`; of a tuple of features only the last is used.

    Source: MMPretrain, `LinearNeck`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     neck = LinearNeck(8, 4, gap_dim=2)
        >>> tuple(neck((ops.ones((2, 8, 3, 3)),))[0].shape)
        (2, 4)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        gap_dim: int = 0,
        norm_cfg: Any = BATCH_NORM_1D,
        act_cfg: Any = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        if isinstance(gap_dim, bool) or gap_dim not in (0, 1, 2, 3):
            message = f"LinearNeck: gap_dim is 0, 1, 2 or 3, not {gap_dim!r}."
            raise OptionError(message)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.gap_dim = gap_dim
        self.fc = nn.Linear(in_channels, out_channels)
        self.norm = build_norm_layer(norm_cfg, out_channels)[1] if norm_cfg else nn.Identity()
        self.act = build_activation_layer(act_cfg) if act_cfg else nn.Identity()

    def forward(self, inputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor]:
        """The projection of the last features."""
        x = inputs[-1] if isinstance(inputs, (tuple, list)) else inputs
        if self.gap_dim:
            if x.ndim != self.gap_dim + 2:
                message = f"LinearNeck(gap_dim={self.gap_dim}) takes features of {self.gap_dim + 2} axes, not {x.ndim}."
                raise InputError(message)
            x = ops.mean(x, dim=tuple(range(2, x.ndim)))
        return (self.act(self.norm(self.fc(ops.flatten(x, 1)))),)


@NECKS.register
class NonLinearNeck(BaseModule):
    """The projection head of contrastive learning: linear, normalisation, then (ReLU, linear, normalisation) again.

    Args:
        in_channels: Width of the features.
        hid_channels: Width within.
        out_channels: Width of the result.
        num_layers: Linear layers.
        with_bias: Whether those but the last have a bias.
        with_last_bn: Whether the last one is normalised.
        with_last_bn_affine: Whether that normalisation scales and shifts.
        with_last_bias: Whether the last one has a bias.
        with_avg_pool: Whether maps are averaged over their positions first.
        norm_cfg: What normalises.
        init_cfg: How weights start; see `BaseModule`.

    Returns:
        A tuple of one tensor `(N, out_channels)`.

    Source: MMPretrain, `NonLinearNeck`; Chen et al. 2020, arXiv:2002.05709.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     neck = NonLinearNeck(8, 16, 4, norm_cfg={"type": "BN1d"})
        >>> tuple(neck((ops.ones((2, 8, 3, 3)),))[0].shape)
        (2, 4)
    """

    def __init__(
        self,
        in_channels: int,
        hid_channels: int,
        out_channels: int,
        num_layers: int = 2,
        with_bias: bool = False,
        with_last_bn: bool = True,
        with_last_bn_affine: bool = True,
        with_last_bias: bool = False,
        with_avg_pool: bool = True,
        norm_cfg: Any = SYNC_BATCH_NORM,
        init_cfg: Any = (NORMS_ONE,),
    ) -> None:
        super().__init__(init_cfg)
        if isinstance(num_layers, bool) or not isinstance(num_layers, int) or num_layers < 1:
            message = f"NonLinearNeck: num_layers is a whole number of at least 1, not {num_layers!r}."
            raise OptionError(message)
        self.in_channels = in_channels
        self.out_channels = out_channels if num_layers > 1 else hid_channels
        self.num_layers = num_layers
        self.with_avg_pool = with_avg_pool
        self.relu = nn.ReLU()
        self.fc0 = nn.Linear(in_channels, hid_channels, bias=with_bias)
        self.bn0 = build_norm_layer(norm_cfg, hid_channels)[1]
        for index in range(1, num_layers):
            is_last = index == num_layers - 1
            width = out_channels if is_last else hid_channels
            self.add_module(f"fc{index}", nn.Linear(hid_channels, width, bias=with_last_bias if is_last else with_bias))
            if not is_last:
                self.add_module(f"bn{index}", build_norm_layer(norm_cfg, width)[1])
            elif with_last_bn:
                last = {**norm_cfg, "affine": with_last_bn_affine}
                self.add_module(f"bn{index}", build_norm_layer(last, width)[1])

    def forward(self, x: Tensor | tuple[Tensor]) -> tuple[Tensor]:
        """The projection of one stage's features.

        Raises:
            InputError: There are several stages.
        """
        if isinstance(x, (tuple, list)):
            if len(x) != 1:
                message = f"NonLinearNeck takes the features of one stage, not of {len(x)}."
                raise InputError(message)
            x = x[0]
        if self.with_avg_pool and x.ndim == 4:
            x = ops.mean(x, dim=(2, 3))
        x = ops.flatten(x, 1)
        for index in range(self.num_layers):
            x = getattr(self, f"fc{index}")(self.relu(x) if index else x)
            norm = getattr(self, f"bn{index}", None)
            x = x if norm is None else norm(x)
        return (x,)
