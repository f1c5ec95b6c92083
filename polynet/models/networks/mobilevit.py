"""MobileViT (Mehta and Rastegari 2022, arXiv:2110.02178) and MobileViT v2 (2022, arXiv:2206.02680)."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.conv_norm import ConvNorm
from polynet.models.blocks.transformer import EncoderBlock
from polynet.models.blocks.width import make_divisible
from polynet.models.network import ImageNetwork, Name
from polynet.models.networks.plan import linear_drop_rates, per_stage
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, KaimingNormal, Normal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor

WIDE_HEAD: Mapping[str, Any] = MappingProxyType({"name": "ClsHead", "width": 640})

_rounded = functools.partial(make_divisible, round_limit=0.9)


class Bottleneck(nn.Module):
    """An inverted residual block: wider by a 1x1, depthwise 3x3, narrower by a 1x1 convolution.

    Args:
        w_in: Channels of the input.
        w_out: Channels of the output.
        stride: Stride of the depthwise convolution.
        exp_r: Channels within the block as a multiple of the input's.
        act_name: Activation.
        drop_path: Probability of dropping the branch, where there is a shortcut.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = Bottleneck(8, 16, stride=2)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 16, 2, 2)
    """

    def __init__(
        self,
        w_in: int,
        w_out: int,
        stride: int = 1,
        exp_r: float = 4.0,
        act_name: Name = "silu",
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        w_mid = _rounded(w_in * exp_r)
        self.conv1_1x1 = ConvNorm(w_in, w_mid, 1, act_name=act_name)
        self.conv2_kxk = ConvNorm(w_mid, w_mid, 3, stride=stride, groups=w_mid, act_name=act_name)
        self.conv3_1x1 = ConvNorm(w_mid, w_out, 1)
        self.has_shortcut = stride == 1 and w_in == w_out
        self.drop_path = nn.DropPath(drop_path) if drop_path and self.has_shortcut else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / stride, W / stride)`."""
        y = self.conv3_1x1(self.conv2_kxk(self.conv1_1x1(x)))
        if self.drop_path is not None:
            y = self.drop_path(y)
        return y + x if self.has_shortcut else y


def _in_patches(x: Tensor, side: int, *, align_corners: bool) -> Tensor:
    """`x` resized to the next multiples of a patch's side, or `x` itself where its sides are such.

    Sides that a tracer has not made numbers cannot be compared: there the resizing is always recorded, and leaves a map
    of the right size as it is.
    """
    height, width = x.shape[2], x.shape[3]
    if isinstance(height, int) and not (height % side or width % side):
        return x
    size = (-(-height // side) * side, -(-width // side) * side)
    return ops.interpolate(x, size=size, mode="bilinear", align_corners=align_corners)


def _patches(x: Tensor, side: int) -> Tensor:
    """`(N, C, rows of patches, side, columns of patches, side)` of a map `(N, C, H, W)`."""
    return ops.unflatten(ops.unflatten(x, 3, (-1, side)), 2, (-1, side))


class MobileViTBlock(nn.Module):
    """Convolutions, and a transformer among the pixels that have the same place in their patches.

    Args:
        width: Channels in and out.
        dim: Width of a token.
        depth: Blocks of the transformer.
        patch_size: Side of a patch. Maps that are no multiple of it are resized before the transformer, and back.
        num_heads: Heads of the attention.
        act_name: Activation.
        drop_path: Probability of dropping a branch of the transformer.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = MobileViTBlock(8, dim=16, depth=1)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 8, 4, 4)
    """

    def __init__(
        self,
        width: int,
        dim: int,
        depth: int,
        patch_size: int = 2,
        num_heads: int = 4,
        act_name: Name = "silu",
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.conv_kxk = ConvNorm(width, width, 3, act_name=act_name)
        self.conv_1x1 = nn.Conv2d(width, dim, 1, bias=False)
        self.transformer = nn.Sequential(
            *[
                EncoderBlock(dim, num_heads, ffn_ratio=2.0, qkv_bias=True, drop_path=drop_path, act_name=act_name)
                for _ in range(depth)
            ]
        )
        self.norm = nn.LayerNorm(dim)
        self.conv_proj = ConvNorm(dim, width, 1, act_name=act_name)
        self.conv_fusion = ConvNorm(2 * width, width, 3, act_name=act_name)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, width, H, W)` to the same shape."""
        y = self.conv_1x1(self.conv_kxk(x))
        grid = _in_patches(y, self.patch_size, align_corners=False)
        # (N, place in the patch, the patch's place, dim): tokens of one sequence have one place in their patches.
        places = ops.permute(_patches(grid, self.patch_size), (0, 3, 5, 2, 4, 1))
        tokens = self.norm(self.transformer(ops.flatten(ops.flatten(places, 0, 2), 1, 2)))
        made = ops.reshape(ops.permute(ops.reshape(tokens, places.shape), (0, 5, 3, 1, 4, 2)), grid.shape)
        if grid is not y:
            made = ops.interpolate(made, size=(y.shape[2], y.shape[3]), mode="bilinear", align_corners=False)
        return self.conv_fusion(ops.cat([x, self.conv_proj(made)], 1))


class LinearSelfAttention(nn.Module):
    """Attention whose cost grows with the number of patches and not its square: one score a token, one context.

    Args:
        dim: Channels.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     attention = LinearSelfAttention(8)
        >>> tuple(attention(ops.ones((1, 8, 4, 9))).shape)
        (1, 8, 4, 9)
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.qkv_proj = nn.Conv2d(dim, 1 + 2 * dim, 1)
        self.out_proj = nn.Conv2d(dim, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, dim, pixels of a patch, patches)` to the same shape."""
        query, key, value = ops.split(self.qkv_proj(x), [1, self.dim, self.dim], 1)
        context = ops.sum(key * ops.softmax(query, -1), -1, keepdim=True)
        return self.out_proj(ops.relu(value) * context)


class ConvFFN(nn.Module):
    """Two 1x1 convolutions with an activation between them.

    Args:
        dim: Channels in and out.
        hidden_features: Channels between.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     ffn = ConvFFN(8, 16)
        >>> tuple(ffn(ops.ones((1, 8, 4, 9))).shape)
        (1, 8, 4, 9)
    """

    def __init__(self, dim: int, hidden_features: int, act_name: Name = "silu") -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(dim, hidden_features, 1)
        self.act = activation(act_name)
        self.fc2 = nn.Conv2d(hidden_features, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Mix channels; the shape stays."""
        return self.fc2(self.act(self.fc1(x)))


class LinearEncoderBlock(nn.Module):
    """Linear attention, then a feed-forward network, each normalised before and added to its input.

    Args:
        dim: Channels.
        act_name: Activation.
        drop_path: Probability of dropping a branch.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = LinearEncoderBlock(8)
        >>> tuple(block(ops.ones((1, 8, 4, 9))).shape)
        (1, 8, 4, 9)
    """

    def __init__(self, dim: int, act_name: Name = "silu", drop_path: float = 0.0) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(1, dim)
        self.attn = LinearSelfAttention(dim)
        self.norm2 = nn.GroupNorm(1, dim)
        self.mlp = ConvFFN(dim, 2 * dim, act_name)
        self.drop_path = nn.DropPath(drop_path) if drop_path else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, dim, pixels of a patch, patches)` to the same shape."""
        if self.drop_path is None:
            x = x + self.attn(self.norm1(x))
            return x + self.mlp(self.norm2(x))
        x = x + self.drop_path(self.attn(self.norm1(x)))
        return x + self.drop_path(self.mlp(self.norm2(x)))


class MobileViTV2Block(nn.Module):
    """The block of the second version: linear attention, and neither shortcut nor fusion.

    Args:
        width: Channels in and out.
        dim: Width of a token.
        depth: Blocks of the transformer.
        patch_size: Side of a patch. Maps that are no multiple of it are resized, and stay so.
        act_name: Activation.
        drop_path: Probability of dropping a branch of the transformer.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = MobileViTV2Block(8, dim=16, depth=1)
        >>> tuple(block(ops.ones((1, 8, 4, 4))).shape)
        (1, 8, 4, 4)
    """

    def __init__(
        self,
        width: int,
        dim: int,
        depth: int,
        patch_size: int = 2,
        act_name: Name = "silu",
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.conv_kxk = ConvNorm(width, width, 3, groups=width, act_name=act_name)
        self.conv_1x1 = nn.Conv2d(width, dim, 1, bias=False)
        self.transformer = nn.Sequential(*[LinearEncoderBlock(dim, act_name, drop_path) for _ in range(depth)])
        self.norm = nn.GroupNorm(1, dim)
        self.conv_proj = ConvNorm(dim, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, width, H, W)` to the same shape, its sides rounded up to multiples of the patch's."""
        grid = self.conv_1x1(self.conv_kxk(_in_patches(x, self.patch_size, align_corners=True)))
        places = ops.permute(_patches(grid, self.patch_size), (0, 1, 3, 5, 2, 4))
        tokens = self.norm(self.transformer(ops.flatten(ops.flatten(places, 2, 3), 3, 4)))
        made = ops.permute(ops.reshape(tokens, places.shape), (0, 1, 4, 2, 5, 3))
        return self.conv_proj(ops.reshape(made, grid.shape))


@NETWORKS.register()
class MobileViT(ImageNetwork):
    """Inverted residuals, and in later stages transformers among them; by default MobileViT-S.

    Its stages are `s1`, `s2` ….

    Args:
        depths: Inverted residual blocks of each stage.
        widths: Channels of each stage.
        strides: Stride of each stage's first block.
        transformer_depths: Blocks of the transformer that ends a stage; 0 for none.
        transformer_widths: Width of the tokens there; half the stage's channels by default.
        version: 1: attention; 2: linear attention.
        exp_r: Channels within an inverted residual as a multiple of its input's.
        patch_size: Side of the transformers' patches.
        stem_w: Channels of the stem.
        drop_path_rate: Probability of dropping the last block's branches; earlier ones are dropped proportionally less.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> options = {"strides": (1, 2), "transformer_depths": (0, 1), "transformer_widths": None}
        >>> with polynet.use_backend("torch"):
        ...     net = MobileViT(depths=(1, 1), widths=(8, 16), num_classes=10, **options)
        >>> [(stage.name, stage.channels, stage.stride) for stage in net.stages]
        [('s1', 8, 2), ('s2', 16, 4)]
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape)
        (1, 10)
    """

    family = "mobilevit"
    input_size = (3, 256, 256)
    recipe = Recipe(convolution=KaimingNormal("fan_out"), linear=Normal(0.01), bias=Constant(0.0))
    default_head = WIDE_HEAD

    def __init__(
        self,
        depths: Sequence[int] = (1, 3, 1, 1, 1),
        widths: Sequence[int] = (32, 64, 96, 128, 160),
        strides: Sequence[int] = (1, 2, 2, 2, 2),
        transformer_depths: Sequence[int] = (0, 0, 2, 4, 3),
        transformer_widths: Sequence[int] | None = (0, 0, 144, 192, 240),
        version: int = 1,
        exp_r: float = 4.0,
        patch_size: int = 2,
        stem_w: int = 16,
        drop_path_rate: float = 0.0,
        act_name: Name = "silu",
        head: Mapping[str, Any] | None = WIDE_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        if version not in (1, 2):
            message = f"MobileViT: version must be 1 or 2, not {version!r}."
            raise OptionError(message)
        if isinstance(patch_size, bool) or not isinstance(patch_size, int) or patch_size < 1:
            message = f"MobileViT: patch_size must be a whole number of at least 1, not {patch_size!r}."
            raise OptionError(message)
        if transformer_widths is None:
            transformer_widths = [_rounded(width / 2) for width in widths]
        plan = per_stage(
            "MobileViT",
            depths=depths,
            width=widths,
            stride=strides,
            transformer_depth=transformer_depths,
            transformer_width=transformer_widths,
        )
        self.stem = ConvNorm(in_channels, stem_w, 3, stride=2, act_name=act_name)
        rates = linear_drop_rates(drop_path_rate, sum(row["depths"] + bool(row["transformer_depth"]) for row in plan))
        mixer: Any = MobileViTBlock if version == 1 else MobileViTV2Block
        w_in, stride, stages = stem_w, 2, []
        for index, row in enumerate(plan, start=1):
            blocks = _bottlenecks(w_in, row, rates, exp_r, act_name)
            w_in = row["width"]
            if row["transformer_depth"]:
                sizes = (w_in, row["transformer_width"], row["transformer_depth"])
                blocks.append(mixer(*sizes, patch_size=patch_size, act_name=act_name, drop_path=next(rates)))
            setattr(self, f"s{index}", nn.Sequential(*blocks))
            stride *= row["stride"]
            stages.append(Stage(f"s{index}", w_in, stride))
        self.complete(stages, head=head, num_classes=num_classes, out_indices=out_indices, act_name=act_name)


def _bottlenecks(w_in: int, row: Mapping[str, Any], rates: Iterator[float], exp_r: float, act_name: Name) -> list[Any]:
    """The inverted residuals of a stage."""
    inputs = [w_in, *[row["width"]] * (row["depths"] - 1)]
    return [
        Bottleneck(width, row["width"], 1 if number else row["stride"], exp_r, act_name, next(rates))
        for number, width in enumerate(inputs)
    ]


def _add(name: str, widths: Sequence[int], tokens: Sequence[int] | None, head: int, **row: Any) -> Any:
    sizes: dict[str, Any] = {"widths": tuple(widths), "transformer_widths": tokens}
    return variant(NETWORKS, name, MobileViT, module=__name__, head={"name": "ClsHead", "width": head}, **sizes, **row)


def _v2(multiplier: float) -> dict[str, Any]:
    widths = [int(width * multiplier) for width in (64, 128, 256, 384, 512)]
    options = {"version": 2, "depths": (1, 2, 1, 1, 1), "exp_r": 2.0, "stem_w": int(32 * multiplier)}
    return {"widths": widths, "tokens": None, "head": 0, **options}


mobilevit_xxs = _add("mobilevit_xxs", (16, 24, 48, 64, 80), (0, 0, 64, 80, 96), 320, exp_r=2.0)
mobilevit_xs = _add("mobilevit_xs", (32, 48, 64, 80, 96), (0, 0, 96, 120, 144), 384)
mobilevit_s = _add("mobilevit_s", (32, 64, 96, 128, 160), (0, 0, 144, 192, 240), 640)

mobilevitv2_050 = _add("mobilevitv2_050", **_v2(0.5))
mobilevitv2_075 = _add("mobilevitv2_075", **_v2(0.75))
mobilevitv2_100 = _add("mobilevitv2_100", **_v2(1.0))
mobilevitv2_125 = _add("mobilevitv2_125", **_v2(1.25))
mobilevitv2_150 = _add("mobilevitv2_150", **_v2(1.5))
mobilevitv2_175 = _add("mobilevitv2_175", **_v2(1.75))
mobilevitv2_200 = _add("mobilevitv2_200", **_v2(2.0))
