"""PoolFormer (Yu et al. 2022, arXiv:2111.11418) and PoolFormer v2 (Yu et al. 2022, arXiv:2210.13452)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.network import ImageNetwork
from polynet.models.networks.plan import linear_drop_rates, per_stage
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor

NORM_HEAD: Mapping[str, Any] = MappingProxyType({"name": "NormHead"})

UNBIASED_EPS = 1e-6
"""What the normalisations of the second version add to the variance."""


class UnbiasedGroupNorm(nn.Module):
    """Normalisation of all channels and positions together, with a scale and no shift.

    Args:
        num_channels: C.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     norm = UnbiasedGroupNorm(3)
        >>> tuple(norm(ops.ones((1, 3, 2, 2))).shape)
        (1, 3, 2, 2)
    """

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.num_channels = num_channels
        self.weight = nn.Parameter(np.ones(num_channels, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `(N, C, H, W)`; the shape stays."""
        return ops.group_norm(x, 1, self.weight, None, UNBIASED_EPS)


class UnbiasedLayerNorm2d(UnbiasedGroupNorm):
    """Normalisation of the channels at each position by itself, with a scale and no shift.

    Args:
        num_channels: C.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     norm = UnbiasedLayerNorm2d(3)
        >>> tuple(norm(ops.ones((1, 3, 2, 2))).shape)
        (1, 3, 2, 2)
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `(N, C, H, W)`; the shape stays."""
        x = ops.layer_norm(ops.permute(x, (0, 2, 3, 1)), (self.num_channels,), self.weight, None, UNBIASED_EPS)
        return ops.permute(x, (0, 3, 1, 2))


class StarReLU(nn.Module):
    """The square of ReLU with one learnt scale and one learnt shift (arXiv:2210.13452).

    Example:
        >>> with polynet.use_backend("torch"):
        ...     act = StarReLU()
        >>> act(ops.tensor([-1.0, 2.0])).tolist()
        [0.0, 4.0]
    """

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(np.ones(1, np.float32))
        self.bias = nn.Parameter(np.zeros(1, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Activate; the shape stays."""
        x = ops.relu(x)
        return self.scale * (x * x) + self.bias


class PoolFormerFFN(nn.Module):
    """Two 1x1 convolutions with an activation between them.

    Args:
        dim: Channels in and out.
        hidden_features: Channels between.
        version: 1: GELU and biases; 2: StarReLU and none.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     ffn = PoolFormerFFN(8, 32)
        >>> tuple(ffn(ops.ones((1, 8, 4, 4))).shape)
        (1, 8, 4, 4)
    """

    def __init__(self, dim: int, hidden_features: int, version: int = 1) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(dim, hidden_features, 1, bias=version == 1)
        self.act = nn.GELU() if version == 1 else StarReLU()
        self.fc2 = nn.Conv2d(hidden_features, dim, 1, bias=version == 1)

    def forward(self, x: Tensor) -> Tensor:
        """Mix channels; the shape stays."""
        return self.fc2(self.act(self.fc1(x)))


class PoolFormerBlock(nn.Module):
    """Pooling in place of attention, then a feed-forward network, each normalised before and added to its input.

    Args:
        dim: Channels.
        pool_size: Side of the pooling's window; odd.
        ffn_ratio: Channels within the feed-forward network as a multiple of `dim`.
        layer_scale: What each channel of a branch is multiplied by at first; `None` for no such factor.
        res_scale: What each channel of the input is multiplied by at first; `None` for no such factor.
        version: See `PoolFormer`.
        drop_path: Probability of dropping a branch.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = PoolFormerBlock(8)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 8, 4, 4)
    """

    def __init__(
        self,
        dim: int,
        pool_size: int = 3,
        ffn_ratio: float = 4.0,
        layer_scale: float | None = 1e-5,
        res_scale: float | None = None,
        version: int = 1,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(1, dim) if version == 1 else UnbiasedGroupNorm(dim)
        self.pool = nn.AvgPool2d(pool_size, stride=1, padding=pool_size // 2, count_include_pad=False)
        self.norm2 = nn.GroupNorm(1, dim) if version == 1 else UnbiasedGroupNorm(dim)
        self.mlp = PoolFormerFFN(dim, int(dim * ffn_ratio), version)
        self.drop_path = nn.DropPath(drop_path) if drop_path else None
        self.layer_scale1, self.layer_scale2 = _factor(layer_scale, dim), _factor(layer_scale, dim)
        self.res_scale1, self.res_scale2 = _factor(res_scale, dim), _factor(res_scale, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, dim, H, W)` to the same shape."""
        x = _scaled(x, self.res_scale1) + self._branch(self._pooled(self.norm1(x)), self.layer_scale1)
        return _scaled(x, self.res_scale2) + self._branch(self.mlp(self.norm2(x)), self.layer_scale2)

    def _pooled(self, x: Tensor) -> Tensor:
        return self.pool(x) - x

    def _branch(self, branch: Tensor, scale: Tensor | None) -> Tensor:
        return _scaled(branch if self.drop_path is None else self.drop_path(branch), scale)


def _scaled(x: Tensor, scale: Tensor | None) -> Tensor:
    return x if scale is None else x * ops.reshape(scale, (-1, 1, 1))


def _factor(value: float | None, dim: int) -> Any:
    return None if value is None else nn.Parameter(np.full(dim, value, np.float32))


@NETWORKS.register()
class PoolFormer(ImageNetwork):
    """A transformer whose tokens exchange what they know by average pooling alone; by default PoolFormer-S12.

    Its stages are `s1`, `s2` ….

    Args:
        depths: Blocks of each stage.
        widths: Channels of each stage.
        pool_size: Side of the pooling's window; odd.
        ffn_ratio: Channels within a feed-forward network as a multiple of the stage's.
        version: 1, or 2: StarReLU for GELU, no biases in feed-forward networks and normalisations, a normalisation
            after the stem and before each convolution that shrinks the map, and factors of the input from the third
            stage on.
        layer_scale: What each channel of a branch is multiplied by at first; `None` for no such factor.
        drop_path_rate: Probability of dropping the last block's branches; earlier ones are dropped proportionally less.
        head: Options of the head, `name` first; `None` for none. By default it normalises the mean of the last map, as
            timm does; with `{"norm_whole_map": True, "norm_eps": 1e-5}` the map, as the authors and MMPretrain do.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = PoolFormer(depths=(1, 1), widths=(8, 16), num_classes=10)
        >>> [(stage.name, stage.channels, stage.stride) for stage in net.stages]
        [('s1', 8, 4), ('s2', 16, 8)]
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape)
        (1, 10)
    """

    family = "poolformer"
    recipe = Recipe(convolution=TruncatedNormal(0.02), linear=TruncatedNormal(0.02), bias=Constant(0.0))
    default_head = NORM_HEAD
    # The stem's window of 7 pixels reaches 2 beyond each border.
    minimum_size = 3

    def __init__(
        self,
        depths: Sequence[int] = (2, 2, 6, 2),
        widths: Sequence[int] = (64, 128, 320, 512),
        pool_size: int = 3,
        ffn_ratio: float = 4.0,
        version: int = 1,
        layer_scale: float | None = 1e-5,
        drop_path_rate: float = 0.0,
        head: Mapping[str, Any] | None = NORM_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        if version not in (1, 2):
            message = f"PoolFormer: version must be 1 or 2, not {version!r}."
            raise OptionError(message)
        if isinstance(pool_size, bool) or not isinstance(pool_size, int) or pool_size < 1 or pool_size % 2 == 0:
            message = (
                f"PoolFormer: pool_size must be odd and positive, so that a window has a middle, not {pool_size!r}."
            )
            raise OptionError(message)
        plan = per_stage("PoolFormer", depths=depths, width=widths)
        w_in, stride, stages = plan[0]["width"], 4, []
        stem: OrderedDict[str, Any] = OrderedDict(conv=nn.Conv2d(in_channels, w_in, 7, stride=4, padding=2))
        if version == 2:
            stem["norm"] = UnbiasedLayerNorm2d(w_in)
        self.stem = nn.Sequential(stem)
        rates = linear_drop_rates(drop_path_rate, sum(depths))
        for index, row in enumerate(plan, start=1):
            width, parts = row["width"], OrderedDict[str, Any]()
            if index > 1:
                stride *= 2
                parts["downsample"] = _downsample(w_in, width, version)
            res_scale = 1.0 if version == 2 and index > 2 else None
            parts["blocks"] = nn.Sequential(
                *[
                    PoolFormerBlock(width, pool_size, ffn_ratio, layer_scale, res_scale, version, next(rates))
                    for _ in range(row["depths"])
                ]
            )
            setattr(self, f"s{index}", nn.Sequential(parts))
            stages.append(Stage(f"s{index}", width, stride))
            w_in = width
        self.complete(
            stages, head=head, num_classes=num_classes, out_indices=out_indices, norm_name="LN", act_name="gelu"
        )


def _downsample(w_in: int, w_out: int, version: int) -> Any:
    """Halve the sides."""
    parts: OrderedDict[str, Any] = OrderedDict()
    if version == 2:
        parts["norm"] = UnbiasedLayerNorm2d(w_in)
    parts["conv"] = nn.Conv2d(w_in, w_out, 3, stride=2, padding=1)
    return nn.Sequential(parts)


def _add(name: str, base: Any = None, **row: Any) -> Any:
    return variant(NETWORKS, name, PoolFormer, base=base, module=__name__, **row)


_M: dict[str, Any] = {"widths": (96, 192, 384, 768)}
_V2: dict[str, Any] = {"version": 2, "layer_scale": None}

poolformer_s12 = _add("poolformer_s12", depths=(2, 2, 6, 2))
poolformer_s24 = _add("poolformer_s24", depths=(4, 4, 12, 4))
poolformer_s36 = _add("poolformer_s36", depths=(6, 6, 18, 6), layer_scale=1e-6)
poolformer_m36 = _add("poolformer_m36", poolformer_s36, **_M)
poolformer_m48 = _add("poolformer_m48", depths=(8, 8, 24, 8), layer_scale=1e-6, **_M)

poolformerv2_s12 = _add("poolformerv2_s12", poolformer_s12, **_V2)
poolformerv2_s24 = _add("poolformerv2_s24", poolformer_s24, **_V2)
poolformerv2_s36 = _add("poolformerv2_s36", poolformer_s36, **_V2)
poolformerv2_m36 = _add("poolformerv2_m36", poolformer_m36, **_V2)
poolformerv2_m48 = _add("poolformerv2_m48", poolformer_m48, **_V2)
