"""Swin: a pyramid of transformer blocks whose attention stays within windows, every second time shifted ones.

Liu et al. 2021, arXiv:2103.14030. Options and weights' names are BaseCls's, and so is the order of the tables of
relative positions, which timm, torchvision and the paper's code keep the other way round.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.models.blocks.image_size import image_size
from polynet.models.blocks.normalisation import token_norm
from polynet.models.blocks.transformer import FFN
from polynet.models.blocks.window import (
    PatchMap,
    WindowCut,
    Windows,
    check_stages,
    neighbours,
    window_bias,
    window_pair,
)
from polynet.models.blocks.window_tables import Pair, relative_position_index
from polynet.models.network import ImageNetwork, Name
from polynet.models.networks.vit import LINEAR_HEAD
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, FanInUniform, KaimingUniform, TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor


class WindowAttention(nn.Module):
    """Multi-head self-attention within windows, with a learnt bias for each relative position.

    Args:
        dim: Width of a token.
        num_heads: Heads; they divide the width.
        windows: How the map is cut.
        qkv_bias: Whether queries, keys and values have biases.
        qk_scale: What scores are multiplied by; `(dim / num_heads) ** -0.5` by default.
        attn_drop: Probability of dropping an attention weight.
        proj_drop: Probability of dropping an output.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     attention = WindowAttention(8, 2, Windows.of((4, 4), (2, 2), shifted=False))
        >>> tuple(attention(ops.ones((4, 4, 8))).shape)
        (4, 4, 8)
    """

    rel_pos_bias_table: Tensor
    rel_pos_index: Tensor

    def __init__(
        self,
        dim: int,
        num_heads: int,
        windows: Windows,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.scale = (dim // num_heads) ** -0.5 if qk_scale is None else qk_scale
        self.attn_drop = attn_drop
        height, width = windows.window
        self.rel_pos_bias_table = nn.Parameter(np.zeros(((2 * height - 1) * (2 * width - 1), num_heads), np.float32))
        index = relative_position_index(windows.window).reshape(-1)
        self.register_buffer("rel_pos_index", ops.tensor(index.astype(np.int64)), persistent=False)
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop) if proj_drop else None

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map `(N · windows, places, dim)` to the same shape; the mask `(windows, 1, places, places)` is added."""
        count, area, width = x.shape
        qkv = ops.reshape(self.qkv(x), (count, area, 3, self.num_heads, width // self.num_heads))
        query, key, value = ops.unbind(ops.permute(qkv, (2, 0, 3, 1, 4)))
        bias = window_bias(self.rel_pos_bias_table[self.rel_pos_index], area, count, mask)
        dropped = self.attn_drop if self.training else 0.0
        x = ops.scaled_dot_product_attention(query, key, value, bias, dropped, scale=self.scale)
        x = self.proj(ops.reshape(ops.transpose(x, 1, 2), (count, area, width)))
        return x if self.proj_drop is None else self.proj_drop(x)


class SwinBlock(nn.Module):
    """Attention in windows, then a feed-forward network, each normalised before and added to its input.

    Args:
        dim: Width of a token.
        num_heads: Heads of the attention.
        windows: How the map is cut.
        ffn_ratio: Hidden width of the feed-forward network as a multiple of `dim`.
        qkv_bias: Whether queries, keys and values have biases.
        qk_scale: What scores are multiplied by; `(dim / num_heads) ** -0.5` by default.
        drop: Probability of dropping an output of the attention, or a feature of the feed-forward network.
        attn_drop: Probability of dropping an attention weight.
        drop_path: Probability of dropping a residual branch.
        norm_name: `"LN"`, `"RMS"`, a class, or `None`.
        norm_eps: What the normalisations add to the variance.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = SwinBlock(8, 2, Windows.of((4, 6), (2, 2), shifted=True))
        >>> tuple(block(ops.ones((1, 4, 6, 8))).shape)
        (1, 4, 6, 8)
    """

    attn_mask: Tensor | None

    def __init__(
        self,
        dim: int,
        num_heads: int,
        windows: Windows,
        ffn_ratio: float = 4.0,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        drop: float = 0.0,
        attn_drop: float = 0.0,
        drop_path: float = 0.0,
        norm_name: Name = "LN",
        norm_eps: float = 1e-5,
        act_name: Name = "gelu",
    ) -> None:
        super().__init__()
        self.windows = windows
        self.cut = WindowCut(windows)
        mask = windows.mask()
        self.register_buffer("attn_mask", None if mask is None else ops.tensor(mask), persistent=False)
        self.norm1 = token_norm(norm_name, dim, eps=norm_eps)
        self.attn = WindowAttention(dim, num_heads, windows, qkv_bias, qk_scale, attn_drop, proj_drop=drop)
        self.drop_path = nn.DropPath(drop_path) if drop_path else None
        self.norm2 = token_norm(norm_name, dim, eps=norm_eps)
        self.ffn = FFN(dim, int(dim * ffn_ratio), act_name, drop)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, H, W, dim)` to the same shape."""
        mask = None if self.attn_mask is None else ops.unsqueeze(self.attn_mask, 1)
        x = x + self._dropped(self.cut.joined(self.attn(self.cut.apart(self.norm1(x)), mask)))
        return x + self._dropped(self.ffn(self.norm2(x)))

    def _dropped(self, branch: Tensor) -> Tensor:
        return branch if self.drop_path is None else self.drop_path(branch)


class PatchMerging(nn.Module):
    """Halve a map and double its channels: four neighbours side by side, normalised, then projected.

    Args:
        dim: Channels of the map.
        grid: Its height and width.
        norm_name: `"LN"`, `"RMS"`, a class, or `None`.
        norm_eps: What the normalisation adds to the variance.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     merging = PatchMerging(8, (4, 5))
        >>> tuple(merging(ops.ones((1, 4, 5, 8))).shape)
        (1, 2, 3, 16)
    """

    def __init__(self, dim: int, grid: Pair, norm_name: Name = "LN", norm_eps: float = 1e-5) -> None:
        super().__init__()
        self.grid = grid
        self.norm = token_norm(norm_name, 4 * dim, eps=norm_eps)
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, H, W, dim)` to `(N, ⌈H / 2⌉, ⌈W / 2⌉, 2 · dim)`."""
        return self.reduction(self.norm(neighbours(x, self.grid)))


class SwinStage(nn.Module):
    """Blocks of one width, and what halves their map for the next stage; the network runs the one after the other.

    Args:
        blocks: The blocks.
        downsample: What halves the map; `None` in the last stage.
    """

    def __init__(self, blocks: Sequence[Any], downsample: Any = None) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, H, W, C)` to the map that the next stage is given."""
        x = self.blocks(x)
        return x if self.downsample is None else self.downsample(x)


@NETWORKS.register()
class SwinTransformer(ImageNetwork):
    """A pyramid of transformer blocks with attention in windows; the head sees the mean of the last map.

    A stage's map is that of its last block, before it is halved for the next stage.

    Args:
        img_size: Height and width of the images, or both as one number: multiples of `patch_size`. A map that windows
            do not cover evenly is filled up with zeros.
        patch_size: Side of a patch.
        embed_dim: Width of a token in the first stage; each stage doubles it.
        depths: Blocks of each stage.
        num_heads: Heads of each stage's attention.
        window_size: Height and width of a window, or both as one number; a map that is smaller is one window.
        fill_first: Whether maps are filled up before they are rolled, small ones too, as in torchvision and MMPretrain.
        ffn_ratio: Hidden width of the feed-forward networks as a multiple of the token's.
        qkv_bias: Whether queries, keys and values have biases.
        qk_scale: What scores are multiplied by; `(width / heads) ** -0.5` by default.
        ape: Whether a learnt position is added to each token.
        patch_norm: Whether the patches' tokens are normalised.
        drop_rate: Probability of dropping a feature.
        attn_drop_rate: Probability of dropping an attention weight.
        drop_path_rate: Probability of dropping the last block's branches; earlier ones are dropped proportionally less.
        norm_name: `"LN"`, `"RMS"`, a class, or `None`.
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
        ...     net = SwinTransformer(img_size=32, embed_dim=8, depths=(2, 2), num_heads=(1, 2), window_size=4)
        >>> [tuple(stage.shape) for stage in net.forward_stages(ops.ones((1, 3, 32, 32)))]
        [(1, 8, 8, 8), (1, 16, 4, 4)]
    """

    family = "swin"
    recipe = Recipe(
        convolution=KaimingUniform(math.sqrt(5)),
        linear=TruncatedNormal(0.02),
        bias=Constant(0.0),
        named=(
            ("*.rel_pos_bias_table", TruncatedNormal(0.02)),
            ("abs_pos_embed", TruncatedNormal(0.02)),
            ("patch_embed.proj.bias", FanInUniform()),
        ),
    )
    default_head = LINEAR_HEAD

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        patch_size: int = 4,
        embed_dim: int = 96,
        depths: Sequence[int] = (2, 2, 6, 2),
        num_heads: Sequence[int] = (3, 6, 12, 24),
        window_size: int | Sequence[int] = 7,
        fill_first: bool = False,
        ffn_ratio: float = 4.0,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        ape: bool = False,
        patch_norm: bool = True,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        norm_name: Name = "LN",
        norm_eps: float = 1e-5,
        act_name: Name = "gelu",
        head: Mapping[str, Any] | None = LINEAR_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        name = type(self).__name__
        self.fixed_size = image_size(name, img_size, patch_size)
        grid = (self.fixed_size[0] // patch_size, self.fixed_size[1] // patch_size)
        self.input_size = (in_channels, *self.fixed_size)
        self.grid_size = grid
        check_stages(name, depths, num_heads, embed_dim)
        window = window_pair(name, window_size)
        self.patch_embed = PatchMap(patch_size, in_channels, embed_dim, norm_name if patch_norm else None, norm_eps)
        self.abs_pos_embed = nn.Parameter(np.zeros((1, grid[0] * grid[1], embed_dim), np.float32)) if ape else None
        self.pos_drop = nn.Dropout(drop_rate) if drop_rate else None
        rates = iter(np.linspace(0.0, drop_path_rate, sum(depths)).tolist())

        def blocks(stage: int, grid: Pair) -> list[SwinBlock]:
            return [
                SwinBlock(
                    embed_dim * 2**stage,
                    num_heads[stage],
                    Windows.of(grid, window, shifted=index % 2 == 1, fill_first=fill_first),
                    ffn_ratio,
                    qkv_bias,
                    qk_scale,
                    drop=drop_rate,
                    attn_drop=attn_drop_rate,
                    drop_path=next(rates),
                    norm_name=norm_name,
                    norm_eps=norm_eps,
                    act_name=act_name,
                )
                for index in range(depths[stage])
            ]

        last = len(depths) - 1
        stages = []
        for stage in range(len(depths)):
            halved = PatchMerging(embed_dim * 2**stage, grid, norm_name, norm_eps) if stage < last else None
            stages.append(SwinStage(blocks(stage, grid), halved))
            grid = ((grid[0] + 1) // 2, (grid[1] + 1) // 2)
        self.layers = nn.ModuleList(stages)
        self.norm = token_norm(norm_name, embed_dim * 2**last, eps=norm_eps)
        self.complete(
            [Stage(f"layers.{stage}.blocks", embed_dim * 2**stage, patch_size * 2**stage) for stage in range(last + 1)],
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm_name,
            act_name=act_name,
        )

    def constants(self) -> dict[str, Any]:
        """The masks of the shifted windows by name, which BaseCls keeps in its files, as arrays."""
        return {
            f"layers.{stage}.blocks.{index}.attn_mask": block.windows.mask()
            for stage, layer in enumerate(self.layers)
            for index, block in enumerate(layer.blocks)
            if any(block.windows.shift)
        }

    def forward_stem(self, x: Tensor) -> Tensor:
        """Tokens of an image as a map `(N, H, W, embed_dim)`."""
        x = self.patch_embed(x)
        if self.abs_pos_embed is not None:
            x = x + ops.unflatten(self.abs_pos_embed, 1, self.grid_size)
        return x if self.pos_drop is None else self.pos_drop(x)

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """What halves the map of the stage before, and the stage's blocks."""
        if index:
            x = self.layers[index - 1].downsample(x)
        return self.layers[index].blocks(x)

    def forward_final(self, x: Tensor) -> Tensor:
        """The normalised last map `(N, H, W, C)`."""
        return self.norm(x)

    def stage_map(self, x: Tensor) -> Tensor:
        """The map with its channels first."""
        return ops.permute(x, (0, 3, 1, 2))

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Any:
        """Logits of the normalised last map; see `ImageNetwork.forward_head`.

        Args:
            x: What `forward_features` returned.
            pre_logits: Return the mean of the map, which the classifier is given.

        Returns:
            `(N, num_classes)`; the mean of the map without a head.
        """
        if type(x) is not self._tensor_type:
            self._check_framework(x)
        return super().forward_head(ops.mean(x, (1, 2)), pre_logits)


def _add(name: str, **row: Any) -> Any:
    return variant(NETWORKS, name, SwinTransformer, module=__name__, **row)


_TINY: dict[str, Any] = {"embed_dim": 96, "depths": (2, 2, 6, 2), "num_heads": (3, 6, 12, 24), "drop_path_rate": 0.2}
_SMALL: dict[str, Any] = {"embed_dim": 96, "depths": (2, 2, 18, 2), "num_heads": (3, 6, 12, 24), "drop_path_rate": 0.3}
_BASE: dict[str, Any] = {"embed_dim": 128, "depths": (2, 2, 18, 2), "num_heads": (4, 8, 16, 32), "drop_path_rate": 0.5}
_LARGE: dict[str, Any] = {
    "embed_dim": 192,
    "depths": (2, 2, 18, 2),
    "num_heads": (6, 12, 24, 48),
    "drop_path_rate": 0.5,
}
_AT_384: dict[str, Any] = {"img_size": 384, "window_size": 12}

swin_tiny_patch4_window7_224 = _add("swin_tiny_patch4_window7_224", **_TINY)
swin_small_patch4_window7_224 = _add("swin_small_patch4_window7_224", **_SMALL)
swin_base_patch4_window7_224 = _add("swin_base_patch4_window7_224", **_BASE)
swin_base_patch4_window12_384 = _add("swin_base_patch4_window12_384", **_BASE, **_AT_384)
swin_large_patch4_window7_224 = _add("swin_large_patch4_window7_224", **_LARGE)
swin_large_patch4_window12_384 = _add("swin_large_patch4_window12_384", **_LARGE, **_AT_384)
