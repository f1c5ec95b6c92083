"""ConvNeXt (Liu et al. 2022, arXiv:2201.03545) and ConvNeXt v2 (Woo et al. 2023, arXiv:2301.00808).

The sizes below `tiny` of the first, those with an overlapping stem (`_ols`), with the normalisation before the mean
(`_hnf`) and with a hidden layer in the head (`_mlp`) are timm's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.choice import choose
from polynet.models.blocks.convolution import conv2d
from polynet.models.blocks.global_response import GlobalResponseNorm
from polynet.models.blocks.normalisation import LayerNorm2d
from polynet.models.blocks.width import make_divisible
from polynet.models.network import ImageNetwork, Name
from polynet.models.networks.plan import linear_drop_rates, per_stage
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor

NORM_HEAD: Mapping[str, Any] = MappingProxyType({"name": "NormHead"})

OVERLAPPING = 3
"""Side of the two convolutions of an overlapping stem, each of stride 2."""


class ConvNeXtFFN(nn.Module):
    """Two layers that mix the channels at each position, with an activation between them.

    Args:
        dim: Channels in and out.
        hidden_features: Channels between.
        act_name: Activation.
        use_grn: Normalise the responses between the layers (v2).
        conv: Take `(N, C, H, W)` and be made of 1x1 convolutions; else take `(N, H, W, C)` and be made of linear
            layers.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     ffn = ConvNeXtFFN(8, 32)
        >>> tuple(ffn(ops.ones((1, 4, 4, 8))).shape)
        (1, 4, 4, 8)
    """

    def __init__(
        self, dim: int, hidden_features: int, act_name: Name = "gelu", use_grn: bool = False, conv: bool = False
    ) -> None:
        super().__init__()
        sizes = (1,) if conv else ()
        layer = nn.Conv2d if conv else nn.Linear
        self.fc1 = layer(dim, hidden_features, *sizes)
        self.act = activation(act_name)
        self.grn = GlobalResponseNorm(hidden_features, channels_last=not conv) if use_grn else None
        self.fc2 = layer(hidden_features, dim, *sizes)

    def forward(self, x: Tensor) -> Tensor:
        """Mix channels; the shape stays."""
        x = self.act(self.fc1(x))
        return self.fc2(x if self.grn is None else self.grn(x))


class ConvNeXtBlock(nn.Module):
    """A depthwise convolution, then a feed-forward network at each position, added to the input.

    Args:
        dim: Channels.
        kernel_size: Side of the depthwise convolution.
        ffn_ratio: Channels within the feed-forward network as a multiple of `dim`.
        layer_scale: What each channel of the branch is multiplied by at first; `None` for no such factor.
        conv_mlp: Make the feed-forward network of 1x1 convolutions.
        use_grn: Normalise the responses in it (v2).
        act_name: Activation.
        norm_eps: What the normalisation adds to the variance.
        drop_path: Probability of dropping the branch.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = ConvNeXtBlock(8)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 8, 4, 4)
    """

    def __init__(
        self,
        dim: int,
        kernel_size: int = 7,
        ffn_ratio: float = 4.0,
        layer_scale: float | None = 1e-6,
        conv_mlp: bool = False,
        use_grn: bool = False,
        act_name: Name = "gelu",
        norm_eps: float = 1e-6,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.conv_mlp = conv_mlp
        self.conv_dw = conv2d(dim, dim, kernel_size, groups=dim, bias=True)
        self.norm = LayerNorm2d(dim, eps=norm_eps) if conv_mlp else nn.LayerNorm(dim, eps=norm_eps)
        self.mlp = ConvNeXtFFN(dim, int(dim * ffn_ratio), act_name, use_grn, conv_mlp)
        scaled = layer_scale is not None
        self.gamma = nn.Parameter(np.full(dim, layer_scale, np.float32)) if scaled else None
        self.drop_path = nn.DropPath(drop_path) if drop_path else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, dim, H, W)` to the same shape."""
        y = self.conv_dw(x)  # a step to a line: where the calls are nested, a map that is done with is held on to
        if self.conv_mlp:
            y = self.norm(y)
            y = self.mlp(y)
            if self.gamma is not None:
                y = y * ops.reshape(self.gamma, (-1, 1, 1))
        else:
            y = self.norm(ops.permute(y, (0, 2, 3, 1)))
            y = self.mlp(y)
            if self.gamma is not None:
                y = y * self.gamma
            y = ops.permute(y, (0, 3, 1, 2))
        return (y if self.drop_path is None else self.drop_path(y)) + x


def _patch_stem(in_channels: int, width: int, patch_size: int, norm_eps: float) -> list[Any]:
    return [nn.Conv2d(in_channels, width, patch_size, stride=patch_size), LayerNorm2d(width, eps=norm_eps)]


def _overlapping_stem(in_channels: int, width: int, norm_eps: float, middle: int) -> list[Any]:
    return [
        conv2d(in_channels, middle, OVERLAPPING, stride=2, bias=True),
        conv2d(middle, width, OVERLAPPING, stride=2, bias=True),
        LayerNorm2d(width, eps=norm_eps),
    ]


@NETWORKS.register()
class ConvNeXt(ImageNetwork):
    """A convolutional network built as transformers are, in stages `s1`, `s2` …; by default ConvNeXt-T.

    Args:
        depths: Blocks of each stage.
        widths: Channels of each stage.
        kernels: Side of the depthwise convolutions, for all stages or each.
        stem_name: `"patch"`: patches that do not overlap; `"overlap"`: two 3x3 convolutions of stride 2;
            `"overlap_tiered"`: those, the first with half the channels.
        patch_size: Side of a patch, for the stem of patches.
        ffn_ratio: Channels within a feed-forward network as a multiple of the stage's.
        layer_scale: What each channel of a branch is multiplied by at first; `None` for no such factor.
        conv_mlp: Make the feed-forward networks of 1x1 convolutions instead of linear layers; weights then have the
            shapes of convolutions.
        use_grn: Global response normalisation in the feed-forward networks (v2).
        drop_path_rate: Probability of dropping the last block's branch; earlier ones are dropped proportionally less.
        norm_eps: What the normalisations add to the variance.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = ConvNeXt(depths=(1, 1), widths=(8, 16), num_classes=10)
        >>> [(stage.name, stage.channels, stage.stride) for stage in net.stages]
        [('s1', 8, 4), ('s2', 16, 8)]
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape)
        (1, 10)
    """

    family = "convnext"
    recipe = Recipe(convolution=TruncatedNormal(0.02), linear=TruncatedNormal(0.02), bias=Constant(0.0))
    default_head = NORM_HEAD

    def __init__(
        self,
        depths: Sequence[int] = (3, 3, 9, 3),
        widths: Sequence[int] = (96, 192, 384, 768),
        kernels: int | Sequence[int] = 7,
        stem_name: str = "patch",
        patch_size: int = 4,
        ffn_ratio: float = 4.0,
        layer_scale: float | None = 1e-6,
        conv_mlp: bool = False,
        use_grn: bool = False,
        drop_path_rate: float = 0.0,
        norm_eps: float = 1e-6,
        act_name: Name = "gelu",
        head: Mapping[str, Any] | None = NORM_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        plan = per_stage("ConvNeXt", depths=depths, width=widths, kernel=kernels)
        self.stem, stride = self._stem(stem_name, patch_size, plan[0]["width"], norm_eps)
        # Every later stage halves the sides, rounding down; an overlapping stem rounds them up.
        self.minimum_size = stride * 2 ** (len(plan) - 1) - (0 if stem_name == "patch" else 3)
        rates = linear_drop_rates(drop_path_rate, sum(depths))
        options: dict[str, Any] = {
            "ffn_ratio": ffn_ratio,
            "layer_scale": layer_scale,
            "conv_mlp": conv_mlp,
            "use_grn": use_grn,
            "act_name": act_name,
            "norm_eps": norm_eps,
        }
        stages: list[Stage] = []
        w_in = plan[0]["width"]
        for index, row in enumerate(plan, start=1):
            width, parts = row["width"], OrderedDict[str, Any]()
            if index > 1:
                stride *= 2
                parts["downsample"] = nn.Sequential(
                    LayerNorm2d(w_in, eps=norm_eps), nn.Conv2d(w_in, width, 2, stride=2)
                )
            parts["blocks"] = nn.Sequential(
                *[ConvNeXtBlock(width, row["kernel"], drop_path=next(rates), **options) for _ in range(row["depths"])]
            )
            setattr(self, f"s{index}", nn.Sequential(parts))
            stages.append(Stage(f"s{index}", width, stride))
            w_in = width
        self.default_head = {**NORM_HEAD, "norm_eps": norm_eps}  # type: ignore[misc]  # it depends on an option
        self.complete(
            stages, head=head, num_classes=num_classes, out_indices=out_indices, norm_name="LN", act_name=act_name
        )

    def _stem(self, name: str, patch_size: int, width: int, norm_eps: float) -> tuple[Any, int]:
        """The stem and its stride."""
        if isinstance(patch_size, bool) or not isinstance(patch_size, int) or patch_size < 1:
            message = f"ConvNeXt: patch_size must be a whole number of at least 1, not {patch_size!r}."
            raise OptionError(message)
        make, stride = choose(
            "stem",
            name,
            {
                "patch": lambda: (_patch_stem(self.in_channels, width, patch_size, norm_eps), patch_size),
                "overlap": lambda: (_overlapping_stem(self.in_channels, width, norm_eps, width), 4),
                "overlap_tiered": lambda: (
                    _overlapping_stem(self.in_channels, width, norm_eps, make_divisible(width // 2)),
                    4,
                ),
            },
        )()
        return nn.Sequential(*make), stride


def _add(name: str, base: Any = None, **row: Any) -> Any:
    return variant(NETWORKS, name, ConvNeXt, base=base, module=__name__, **row)


_V2: dict[str, Any] = {"use_grn": True, "layer_scale": None}
_OLS: dict[str, Any] = {"stem_name": "overlap_tiered"}


def _widths(first: int) -> tuple[int, ...]:
    return (first, 2 * first, 4 * first, 8 * first)


convnext_atto = _add("convnext_atto", depths=(2, 2, 6, 2), widths=_widths(40), conv_mlp=True)
convnext_femto = _add("convnext_femto", depths=(2, 2, 6, 2), widths=_widths(48), conv_mlp=True)
convnext_pico = _add("convnext_pico", depths=(2, 2, 6, 2), widths=_widths(64), conv_mlp=True)
convnext_nano = _add("convnext_nano", depths=(2, 2, 8, 2), widths=_widths(80), conv_mlp=True)
convnext_tiny = _add("convnext_tiny", depths=(3, 3, 9, 3), widths=_widths(96))
convnext_small = _add("convnext_small", depths=(3, 3, 27, 3), widths=_widths(96))
convnext_base = _add("convnext_base", depths=(3, 3, 27, 3), widths=_widths(128))
convnext_large = _add("convnext_large", depths=(3, 3, 27, 3), widths=_widths(192))
convnext_xlarge = _add("convnext_xlarge", depths=(3, 3, 27, 3), widths=_widths(256))
convnext_xxlarge = _add("convnext_xxlarge", depths=(3, 4, 30, 3), widths=_widths(384), norm_eps=1e-5)

convnext_atto_ols = _add("convnext_atto_ols", convnext_atto, **_OLS)
convnext_femto_ols = _add("convnext_femto_ols", convnext_femto, **_OLS)
convnext_pico_ols = _add("convnext_pico_ols", convnext_pico, **_OLS)
convnext_nano_ols = _add("convnext_nano_ols", convnext_nano, stem_name="overlap")
convnext_tiny_hnf = _add("convnext_tiny_hnf", convnext_tiny, conv_mlp=True, head={"norm_first": True})
convnext_large_mlp = _add("convnext_large_mlp", convnext_large, head={"width": 1536})

convnextv2_atto = _add("convnextv2_atto", convnext_atto, **_V2)
convnextv2_femto = _add("convnextv2_femto", convnext_femto, **_V2)
convnextv2_pico = _add("convnextv2_pico", convnext_pico, **_V2)
convnextv2_nano = _add("convnextv2_nano", convnext_nano, **_V2)
convnextv2_tiny = _add("convnextv2_tiny", convnext_tiny, **_V2)
convnextv2_small = _add("convnextv2_small", convnext_small, **_V2)
convnextv2_base = _add("convnextv2_base", convnext_base, **_V2)
convnextv2_large = _add("convnextv2_large", convnext_large, **_V2)
convnextv2_huge = _add("convnextv2_huge", depths=(3, 3, 27, 3), widths=_widths(352), **_V2)
