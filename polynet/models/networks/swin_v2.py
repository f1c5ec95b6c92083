"""Swin v2: Swin with cosine attention, positions on a logarithmic scale, and normalisation after each branch.

Liu et al. 2022, arXiv:2111.09883. Weights' names are timm's.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError
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
from polynet.models.blocks.window_tables import Pair, log_spaced_distances, relative_position_index
from polynet.models.network import ImageNetwork, Name
from polynet.models.networks.vit import LINEAR_HEAD
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, FanInUniform, KaimingUniform, TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor

SHARPEST = math.log(100.0)
"""Logarithm of the largest factor of the cosines."""
STRONGEST = 16.0
"""The largest bias of a relative position."""
HIDDEN = 512
"""Hidden width of the network that gives the biases."""


class CosineWindowAttention(nn.Module):
    """Self-attention within windows by the cosine of queries and keys, a small network giving each position's bias.

    Args:
        dim: Width of a token.
        num_heads: Heads; they divide the width.
        windows: How the map is cut.
        trained_window: The window which distances are measured in.
        qkv_bias: Whether queries and values have biases; keys have none, as it would cancel out.
        attn_drop: Probability of dropping an attention weight.
        proj_drop: Probability of dropping an output.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     attention = CosineWindowAttention(8, 2, Windows.of((4, 4), (2, 2), shifted=False), (2, 2))
        >>> tuple(attention(ops.ones((4, 4, 8))).shape)
        (4, 4, 8)
    """

    relative_coords_table: Tensor
    relative_position_index: Tensor
    k_bias: Tensor

    spared_from_decay = ("cpb_mlp",)  # it makes biases, which are spared; as the authors have it

    def __init__(
        self,
        dim: int,
        num_heads: int,
        windows: Windows,
        trained_window: Pair,
        qkv_bias: bool = True,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.attn_drop = attn_drop
        self.logit_scale = nn.Parameter(np.full((num_heads, 1, 1), math.log(10.0), np.float32))
        self.cpb_mlp = nn.Sequential(
            OrderedDict(
                [("0", nn.Linear(2, HIDDEN)), ("1", nn.ReLU()), ("2", nn.Linear(HIDDEN, num_heads, bias=False))]
            )
        )
        distances = log_spaced_distances(windows.window, trained_window)
        index = relative_position_index(windows.window, row_first=True).reshape(-1)
        self.register_buffer("relative_coords_table", ops.tensor(distances), persistent=False)
        self.register_buffer("relative_position_index", ops.tensor(index.astype(np.int64)), persistent=False)
        self.qkv = nn.Linear(dim, dim * 3, bias=False)
        zeros = np.zeros((dim,), np.float32)
        self.q_bias = nn.Parameter(zeros) if qkv_bias else None
        self.v_bias = nn.Parameter(zeros) if qkv_bias else None
        self.register_buffer("k_bias", ops.tensor(zeros), persistent=False)
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop) if proj_drop else None

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map `(N · windows, places, dim)` to the same shape; the mask `(windows, 1, places, places)` is added."""
        count, area, width = x.shape
        stacked = None if self.q_bias is None else ops.cat((self.q_bias, self.k_bias, self.v_bias), 0)
        qkv = ops.linear(x, self.qkv.weight, stacked)
        qkv = ops.reshape(qkv, (count, area, 3, self.num_heads, width // self.num_heads))
        query, key, value = ops.unbind(ops.permute(qkv, (2, 0, 3, 1, 4)))
        query = ops.normalize(query, dim=-1) * ops.exp(ops.clamp(self.logit_scale, max=SHARPEST))
        key = ops.normalize(key, dim=-1)
        table = STRONGEST * ops.sigmoid(self.cpb_mlp(self.relative_coords_table))
        bias = window_bias(table[self.relative_position_index], area, count, mask)
        dropped = self.attn_drop if self.training else 0.0
        x = ops.scaled_dot_product_attention(query, key, value, bias, dropped, scale=1.0)
        x = self.proj(ops.reshape(ops.transpose(x, 1, 2), (count, area, width)))
        return x if self.proj_drop is None else self.proj_drop(x)


class SwinV2Block(nn.Module):
    """Attention in windows, then a feed-forward network, each normalised afterwards and added to its input.

    Args:
        dim: Width of a token.
        num_heads: Heads of the attention.
        windows: How the map is cut.
        trained_window: The window which distances are measured in.
        ffn_ratio: Hidden width of the feed-forward network as a multiple of `dim`.
        qkv_bias: Whether queries and values have biases.
        drop: Probability of dropping an output of the attention, or a feature of the feed-forward network.
        attn_drop: Probability of dropping an attention weight.
        drop_path: Probability of dropping a residual branch.
        norm_name: `"LN"`, `"RMS"`, a class, or `None`.
        norm_eps: What the normalisations add to the variance.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = SwinV2Block(8, 2, Windows.of((4, 6), (2, 2), shifted=True), (2, 2))
        >>> tuple(block(ops.ones((1, 4, 6, 8))).shape)
        (1, 4, 6, 8)
    """

    attn_mask: Tensor | None

    def __init__(
        self,
        dim: int,
        num_heads: int,
        windows: Windows,
        trained_window: Pair,
        ffn_ratio: float = 4.0,
        qkv_bias: bool = True,
        drop: float = 0.0,
        attn_drop: float = 0.0,
        drop_path: float = 0.0,
        norm_name: Name = "LN",
        norm_eps: float = 1e-5,
        act_name: Name = "gelu",
    ) -> None:
        super().__init__()
        self.cut = WindowCut(windows)
        mask = windows.mask()
        self.register_buffer("attn_mask", None if mask is None else ops.tensor(mask), persistent=False)
        self.attn = CosineWindowAttention(dim, num_heads, windows, trained_window, qkv_bias, attn_drop, drop)
        self.norm1 = token_norm(norm_name, dim, eps=norm_eps)
        self.drop_path = nn.DropPath(drop_path) if drop_path else None
        self.mlp = FFN(dim, int(dim * ffn_ratio), act_name, drop)
        self.norm2 = token_norm(norm_name, dim, eps=norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, H, W, dim)` to the same shape."""
        mask = None if self.attn_mask is None else ops.unsqueeze(self.attn_mask, 1)
        x = x + self._dropped(self.norm1(self.cut.joined(self.attn(self.cut.apart(x), mask))))
        return x + self._dropped(self.norm2(self.mlp(x)))

    def _dropped(self, branch: Tensor) -> Tensor:
        return branch if self.drop_path is None else self.drop_path(branch)


class PatchMergingV2(nn.Module):
    """Halve a map and double its channels: four neighbours side by side, projected, then normalised.

    Args:
        dim: Channels of the map.
        grid: Its height and width.
        norm_name: `"LN"`, `"RMS"`, a class, or `None`.
        norm_eps: What the normalisation adds to the variance.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     merging = PatchMergingV2(8, (4, 5))
        >>> tuple(merging(ops.ones((1, 4, 5, 8))).shape)
        (1, 2, 3, 16)
    """

    def __init__(self, dim: int, grid: Pair, norm_name: Name = "LN", norm_eps: float = 1e-5) -> None:
        super().__init__()
        self.grid = grid
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = token_norm(norm_name, 2 * dim, eps=norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, H, W, dim)` to `(N, ⌈H / 2⌉, ⌈W / 2⌉, 2 · dim)`."""
        return self.norm(self.reduction(neighbours(x, self.grid)))


class SwinV2Stage(nn.Module):
    """What halves the map of the stage before, and blocks of one width.

    Args:
        blocks: The blocks.
        downsample: What halves the map; `None` in the first stage.
    """

    def __init__(self, blocks: Sequence[Any], downsample: Any = None) -> None:
        super().__init__()
        self.downsample = downsample
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, H, W, C)` of the stage before to this stage's."""
        return self.blocks(x if self.downsample is None else self.downsample(x))


@NETWORKS.register()
class SwinTransformerV2(ImageNetwork):
    """Swin v2; the head sees the mean of the last map.

    Args:
        img_size: Height and width of the images, or both as one number: multiples of `patch_size`. A map that windows
            do not cover evenly is filled up with zeros.
        patch_size: Side of a patch.
        embed_dim: Width of a token in the first stage; each stage doubles it.
        depths: Blocks of each stage.
        num_heads: Heads of each stage's attention.
        window_size: Height and width of a window, or both as one number; a map that is smaller is one window.
        fill_first: Whether maps are filled up before they are rolled, small ones too, as in torchvision and MMPretrain.
        pretrained_window_sizes: Each stage's window in the pre-training, in which distances are measured; 0 for the
            window itself.
        ffn_ratio: Hidden width of the feed-forward networks as a multiple of the token's.
        qkv_bias: Whether queries and values have biases.
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
        ...     net = SwinTransformerV2(img_size=32, embed_dim=8, depths=(2, 2), num_heads=(1, 2), window_size=4)
        >>> [tuple(stage.shape) for stage in net.forward_stages(ops.ones((1, 3, 32, 32)))]
        [(1, 8, 8, 8), (1, 16, 4, 4)]
    """

    family = "swin_v2"
    recipe = Recipe(
        convolution=KaimingUniform(math.sqrt(5)),
        linear=TruncatedNormal(0.02),
        bias=Constant(0.0),
        named=(
            # Every branch begins as nothing.
            ("*.blocks.*.norm1.weight", Constant(0.0)),
            ("*.blocks.*.norm2.weight", Constant(0.0)),
            ("patch_embed.proj.bias", FanInUniform()),
        ),
    )
    default_head = LINEAR_HEAD

    def __init__(
        self,
        img_size: int | Sequence[int] = 256,
        patch_size: int = 4,
        embed_dim: int = 96,
        depths: Sequence[int] = (2, 2, 6, 2),
        num_heads: Sequence[int] = (3, 6, 12, 24),
        window_size: int | Sequence[int] = 8,
        fill_first: bool = False,
        pretrained_window_sizes: Sequence[int] | None = None,
        ffn_ratio: float = 4.0,
        qkv_bias: bool = True,
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
        check_stages(name, depths, num_heads, embed_dim)
        window = window_pair(name, window_size)
        trained = (0,) * len(depths) if pretrained_window_sizes is None else tuple(pretrained_window_sizes)
        if len(trained) != len(depths):
            message = (
                f"{name}: pretrained_window_sizes={trained} must have one window for each of {len(depths)} stages."
            )
            raise OptionError(message)
        self.patch_embed = PatchMap(patch_size, in_channels, embed_dim, norm_name, norm_eps)
        self.pos_drop = nn.Dropout(drop_rate) if drop_rate else None
        rates = iter(np.linspace(0.0, drop_path_rate, sum(depths)).tolist())
        stages, before_grid = [], grid
        for stage, depth in enumerate(depths):
            width = embed_dim * 2**stage
            halving = PatchMergingV2(width // 2, before_grid, norm_name, norm_eps) if stage else None
            before = window_pair(name, trained[stage], "pretrained_window_sizes", least=0)
            blocks = []
            for index in range(depth):
                windows = Windows.of(grid, window, shifted=index % 2 == 1, fill_first=fill_first)
                block = SwinV2Block(
                    width,
                    num_heads[stage],
                    windows,
                    before if before[0] else windows.window,
                    ffn_ratio,
                    qkv_bias,
                    drop=drop_rate,
                    attn_drop=attn_drop_rate,
                    drop_path=next(rates),
                    norm_name=norm_name,
                    norm_eps=norm_eps,
                    act_name=act_name,
                )
                blocks.append(block)
            stages.append(SwinV2Stage(blocks, halving))
            before_grid, grid = grid, ((grid[0] + 1) // 2, (grid[1] + 1) // 2)
        self.layers = nn.ModuleList(stages)
        self.norm = token_norm(norm_name, embed_dim * 2 ** (len(depths) - 1), eps=norm_eps)
        self.complete(
            [Stage(f"layers.{stage}", embed_dim * 2**stage, patch_size * 2**stage) for stage in range(len(depths))],
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm_name,
            act_name=act_name,
        )

    def forward_stem(self, x: Tensor) -> Tensor:
        """Tokens of an image as a map `(N, H, W, embed_dim)`."""
        x = self.patch_embed(x)
        return x if self.pos_drop is None else self.pos_drop(x)

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """One stage."""
        return self.layers[index](x)

    def forward_final(self, x: Tensor) -> Tensor:
        """The normalised last map `(N, H, W, C)`."""
        return self.norm(x)

    def stage_map(self, x: Tensor) -> Tensor:
        """The map with its channels first."""
        return ops.permute(x, (0, 3, 1, 2))

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Any:
        """Logits of the normalised last map; its mean with `pre_logits` or without a head."""
        if type(x) is not self._tensor_type:
            self._check_framework(x)
        return super().forward_head(ops.mean(x, (1, 2)), pre_logits)


def _add(name: str, **row: Any) -> Any:
    return variant(NETWORKS, name, SwinTransformerV2, module=__name__, **row)


_TINY: dict[str, Any] = {"embed_dim": 96, "depths": (2, 2, 6, 2), "num_heads": (3, 6, 12, 24), "drop_path_rate": 0.2}
_SMALL: dict[str, Any] = {"embed_dim": 96, "depths": (2, 2, 18, 2), "num_heads": (3, 6, 12, 24), "drop_path_rate": 0.3}
_BASE: dict[str, Any] = {"embed_dim": 128, "depths": (2, 2, 18, 2), "num_heads": (4, 8, 16, 32), "drop_path_rate": 0.5}
_LARGE: dict[str, Any] = {"embed_dim": 192, "depths": (2, 2, 18, 2), "num_heads": (6, 12, 24, 48)}
_TO_16: dict[str, Any] = {"img_size": 256, "window_size": 16, "pretrained_window_sizes": (12, 12, 12, 6)}
_TO_24: dict[str, Any] = {"img_size": 384, "window_size": 24, "pretrained_window_sizes": (12, 12, 12, 6)}

swinv2_tiny_window8_256 = _add("swinv2_tiny_window8_256", **_TINY)
swinv2_tiny_window16_256 = _add("swinv2_tiny_window16_256", **_TINY, window_size=16)
swinv2_small_window8_256 = _add("swinv2_small_window8_256", **_SMALL)
swinv2_small_window16_256 = _add("swinv2_small_window16_256", **_SMALL, window_size=16)
swinv2_base_window8_256 = _add("swinv2_base_window8_256", **_BASE)
swinv2_base_window16_256 = _add("swinv2_base_window16_256", **_BASE, window_size=16)
swinv2_base_window12_192 = _add("swinv2_base_window12_192", **_BASE, img_size=192, window_size=12)
swinv2_base_window12to16_192to256 = _add("swinv2_base_window12to16_192to256", **_BASE, **_TO_16)
swinv2_base_window12to24_192to384 = _add("swinv2_base_window12to24_192to384", **_BASE, **_TO_24)
swinv2_large_window12_192 = _add("swinv2_large_window12_192", **_LARGE, img_size=192, window_size=12)
swinv2_large_window12to16_192to256 = _add("swinv2_large_window12to16_192to256", **_LARGE, **_TO_16)
swinv2_large_window12to24_192to384 = _add("swinv2_large_window12to24_192to384", **_LARGE, **_TO_24)
