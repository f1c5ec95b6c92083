"""BEiT and BEiT v2: vision transformers whose attention knows how far apart patches are.

BEiT: Bao et al. 2021, arXiv:2106.08254. BEiT v2: Peng et al. 2022, arXiv:2208.06366. Names, options and initial values
are timm's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError, suggest
from polynet.models.blocks.biased_attention import BiasedAttention
from polynet.models.blocks.depth_recipe import depth_recipe
from polynet.models.blocks.image_size import check_depth, image_size
from polynet.models.blocks.transformer import FFN, PatchEmbed
from polynet.models.network import Name
from polynet.models.networks.vit import LINEAR_HEAD
from polynet.models.stage import Stage
from polynet.models.token_network import TokenNetwork
from polynet.models.variants import variant
from polynet.registry import NETWORKS
from polynet.types import Tensor

_POOLS = ("avg", "token")


def relative_positions(grid: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Which row of a table belongs to which query and key, the class token first: `(1 + H · W, 1 + H · W)`.

    The last three rows of the table are for the class token: to a patch, from a patch, and to itself.

    Args:
        grid: Rows and columns of patches.

    Example:
        >>> relative_positions((1, 2)).tolist()
        [[5, 3, 3], [4, 1, 0], [4, 2, 1]]
    """
    rows, columns = grid
    distances = (2 * rows - 1) * (2 * columns - 1)
    places = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")).reshape(2, -1)
    apart = places[:, :, None] - places[:, None, :]
    which = np.empty((1 + rows * columns,) * 2, np.int32)
    which[1:, 1:] = (apart[0] + rows - 1) * (2 * columns - 1) + apart[1] + columns - 1
    which[0, :] = distances
    which[:, 0] = distances + 1
    which[0, 0] = distances + 2
    return which


class BEiTAttention(BiasedAttention):
    """Self-attention with a trained bias for each distance between patches.

    Args:
        dim: Width of a token.
        num_heads: Heads; they divide the width.
        grid: Rows and columns of patches; `None` for no such biases.
        **options: Of `BiasedAttention`.
    """

    relative_position_index: Any

    def __init__(self, dim: int, num_heads: int, grid: tuple[int, int] | None, **options: Any) -> None:
        super().__init__(dim, num_heads, **options)
        self.relative_position_bias_table: Any = None
        if grid is not None:
            rows = (2 * grid[0] - 1) * (2 * grid[1] - 1) + 3
            self.relative_position_bias_table = nn.Parameter(np.zeros((rows, num_heads), np.float32))
            which = relative_positions(grid)
            self.shape = which.shape
            self.register_buffer("relative_position_index", ops.tensor(which.reshape(-1)), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        query, key, value = self.project(x)
        if self.relative_position_bias_table is None:
            return self.attend(query, key, value)
        # A head's biases lie together once the small table is turned, so that nothing large has to be.
        table = ops.transpose(self.relative_position_bias_table, 0, 1)
        bias = ops.unflatten(ops.index_select(table, 1, self.relative_position_index), 1, self.shape)
        return self.attend(query, key, value, ops.unsqueeze(bias, 0))


class BEiTBlock(nn.Module):
    """Attention, then a feed-forward network, each normalised before, scaled, and added to its input.

    Args:
        dim: Width of a token.
        attn: The attention.
        mlp: The feed-forward network.
        init_values: What the factors of the branches' features start at; `None` for no factors.
        drop_path: Probability of dropping a residual branch.
        norm_eps: What the normalisations add to the variance.
    """

    def __init__(
        self, dim: int, attn: Any, mlp: Any, *, init_values: float | None, drop_path: float, norm_eps: float
    ) -> None:
        super().__init__()
        self.gamma_1: Any = None
        self.gamma_2: Any = None
        if init_values is not None:
            self.gamma_1 = nn.Parameter(np.full((dim,), init_values, np.float32))
            self.gamma_2 = nn.Parameter(np.full((dim,), init_values, np.float32))
        self.norm1 = nn.LayerNorm(dim, eps=norm_eps)
        self.attn = attn
        self.norm2 = nn.LayerNorm(dim, eps=norm_eps)
        self.mlp = mlp
        self.drop_path = nn.DropPath(drop_path) if drop_path else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        x = x + self._scaled(self.attn(self.norm1(x)), self.gamma_1)
        return x + self._scaled(self.mlp(self.norm2(x)), self.gamma_2)

    def _scaled(self, branch: Tensor, factors: Tensor | None) -> Tensor:
        if factors is not None:
            branch = factors * branch
        return branch if self.drop_path is None else self.drop_path(branch)


@NETWORKS.register()
class BEiT(TokenNetwork):
    """A transformer encoder over patches, whose attention has biases for distances.

    Its stages are its blocks; a stage's map holds the patches' tokens, as that block returns them.

    Args:
        img_size: Height and width of the images, or both as one number: multiples of `patch_size`.
        patch_size: Side of a patch.
        embed_dim: Width of a token.
        depth: Blocks.
        num_heads: Heads of the attention.
        mlp_ratio: Hidden width of the feed-forward networks as a multiple of `embed_dim`.
        qkv_bias: Whether queries and values have biases; keys have none.
        init_values: What the factors of the residual branches' features start at; `None` for no such factors.
        use_abs_pos_emb: Add positions to the tokens.
        use_rel_pos_bias: Add biases for distances to the scores of attention.
        global_pool: What the head sees: `"avg"`, the mean of the patches' tokens, or `"token"`, the class token.
        drop_rate: Probability of dropping a feature.
        attn_drop_rate: Probability of dropping an attention weight.
        drop_path_rate: Probability of dropping the last block's branches; earlier ones are dropped proportionally less.
        norm_eps: What the normalisations add to the variance.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Blocks to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = BEiT(img_size=32, patch_size=8, embed_dim=16, depth=2, num_heads=2, num_classes=10)
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape), tuple(net.forward_stages(ops.ones((1, 3, 32, 32)))[0].shape)
        ((1, 10), (1, 16, 4, 4))
    """

    family = "beit"
    default_head = LINEAR_HEAD

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        embed_dim: int = 768,
        depth: int = 12,
        num_heads: int = 12,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        init_values: float | None = 0.1,
        use_abs_pos_emb: bool = False,
        use_rel_pos_bias: bool = True,
        global_pool: str = "avg",
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_eps: float = 1e-6,
        act_name: Name = "gelu",
        head: Mapping[str, Any] | None = LINEAR_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        check_depth("BEiT", depth)
        if global_pool not in _POOLS:
            message = f"BEiT: global_pool is 'avg' or 'token', not {global_pool!r}.{suggest(str(global_pool), _POOLS)}"
            raise OptionError(message)
        self.fixed_size = image_size("BEiT", img_size, patch_size)
        self.input_size = (in_channels, *self.fixed_size)
        self.grid_size = (self.fixed_size[0] // patch_size, self.fixed_size[1] // patch_size)
        grid = self.grid_size if use_rel_pos_bias else None
        positions = 1 + self.grid_size[0] * self.grid_size[1]
        self.cls_token = nn.Parameter(np.zeros((1, 1, embed_dim), np.float32))
        self.pos_embed: Any = None
        if use_abs_pos_emb:
            self.pos_embed = nn.Parameter(np.zeros((1, positions, embed_dim), np.float32))
        self.patch_embed = PatchEmbed(patch_size, in_channels, embed_dim)
        self.pos_drop = nn.Dropout(drop_rate) if drop_rate else None

        def attention() -> BEiTAttention:
            return BEiTAttention(
                embed_dim, num_heads, grid, qkv_bias=qkv_bias, attn_drop=attn_drop_rate, proj_drop=drop_rate
            )

        self.blocks = nn.Sequential(
            *[
                BEiTBlock(
                    embed_dim,
                    attention(),
                    FFN(embed_dim, int(embed_dim * mlp_ratio), act_name, drop_rate),
                    init_values=init_values,
                    drop_path=drop_path_rate * index / max(depth - 1, 1),
                    norm_eps=norm_eps,
                )
                for index in range(depth)
            ]
        )
        self.norm = nn.LayerNorm(embed_dim, eps=norm_eps) if global_pool == "token" else None
        self.fc_norm = nn.LayerNorm(embed_dim, eps=norm_eps) if global_pool == "avg" else None
        self.recipe = depth_recipe(depth)
        self.complete(
            [Stage(f"blocks.{index}", embed_dim, patch_size) for index in range(depth)],
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name="LN",
            act_name=act_name,
        )

    def forward_stem(self, x: Tensor) -> Tensor:
        """Tokens `(N, L, embed_dim)` of an image, the class token first."""
        x = self.patch_embed(x)
        x = ops.cat([ops.expand(self.cls_token, (x.shape[0], -1, -1)), x], 1)
        if self.pos_embed is not None:
            x = x + self.pos_embed
        return x if self.pos_drop is None else self.pos_drop(x)

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """One block."""
        return self.blocks[index](x)


def _add(name: str, base: Any = None, **row: Any) -> Any:
    return variant(NETWORKS, name, BEiT, base=base, module=__name__, **row)


_LARGE: dict[str, Any] = {"embed_dim": 1024, "depth": 24, "num_heads": 16, "init_values": 1e-5}

beit_base_patch16_224 = _add("beit_base_patch16_224")
beit_base_patch16_384 = _add("beit_base_patch16_384", img_size=384)
beit_large_patch16_224 = _add("beit_large_patch16_224", **_LARGE)
beit_large_patch16_384 = _add("beit_large_patch16_384", img_size=384, **_LARGE)
beit_large_patch16_512 = _add("beit_large_patch16_512", img_size=512, **_LARGE)
beitv2_base_patch16_224 = _add("beitv2_base_patch16_224", init_values=1e-5)
beitv2_large_patch16_224 = _add("beitv2_large_patch16_224", **_LARGE)
