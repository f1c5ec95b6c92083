"""EVA and EVA-02: vision transformers for masked image modelling.

EVA: Fang et al. 2022, arXiv:2211.07636. EVA-02: Fang et al. 2023, arXiv:2303.11331; its tokens know their places by
rotation, and its feed-forward networks are gated. Names, options and initial values are timm's.
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
from polynet.models.blocks.normalisation import token_norm
from polynet.models.blocks.rotary import rotary_tables, rotate
from polynet.models.blocks.transformer import FFN, PatchEmbed
from polynet.models.network import Name
from polynet.models.networks.vit import LINEAR_HEAD
from polynet.models.stage import Stage
from polynet.models.token_network import TokenNetwork
from polynet.models.variants import variant
from polynet.registry import NETWORKS
from polynet.types import Tensor

_POOLS = ("avg", "token")


class SwiGLU(nn.Module):
    """A feed-forward network whose hidden features are gated by others (Shazeer 2020, arXiv:2002.05202).

    Args:
        dim: Width of a token.
        hidden: Width between the layers.
        norm: Normalise the hidden features with this eps; gate and features then have a layer each. `None` for one
            layer that makes both, and no normalisation.
        drop: Probability of dropping a feature, after each layer.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     ffn = SwiGLU(16, 32)
        >>> tuple(ffn(ops.ones((1, 5, 16))).shape)
        (1, 5, 16)
    """

    def __init__(self, dim: int, hidden: int, norm: float | None = None, drop: float = 0.0) -> None:
        super().__init__()
        self.fc1: Any = None
        self.norm: Any = None
        if norm is None:
            self.fc1 = nn.Linear(dim, 2 * hidden)
        else:
            self.fc1_g = nn.Linear(dim, hidden)
            self.fc1_x = nn.Linear(dim, hidden)
        self.act = nn.SiLU()
        if norm is not None:
            self.norm = nn.LayerNorm(hidden, eps=norm)
        self.fc2 = nn.Linear(hidden, dim)
        self.drop = nn.Dropout(drop) if drop else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        gate, x = (self.fc1_g(x), self.fc1_x(x)) if self.fc1 is None else ops.chunk(self.fc1(x), 2, -1)
        x = self.act(gate) * x
        if self.drop is not None:
            x = self.drop(x)
        if self.norm is not None:
            x = self.norm(x)
        x = self.fc2(x)
        return x if self.drop is None else self.drop(x)


class EvaAttention(BiasedAttention):
    """Self-attention whose queries and keys are turned by their places."""

    def forward(self, x: Tensor, cosines: Tensor | None = None, sines: Tensor | None = None) -> Tensor:
        """Map `(N, L, dim)` to the same shape; nothing is turned without tables."""
        query, key, value = self.project(x)
        if cosines is not None and sines is not None:
            query, key = rotate(query, cosines, sines), rotate(key, cosines, sines)
        return self.attend(query, key, value)


class EvaBlock(nn.Module):
    """Attention, then a feed-forward network, each normalised before and added to its input.

    Args:
        dim: Width of a token.
        num_heads: Heads of the attention.
        mlp: The feed-forward network.
        qkv_bias: Whether queries and values have biases.
        qkv_fused: One projection makes queries, keys and values.
        drop: Probability of dropping an output of the attention.
        attn_drop: Probability of dropping an attention weight.
        drop_path: Probability of dropping a residual branch.
        norm_eps: What the normalisations add to the variance.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        mlp: Any,
        *,
        qkv_bias: bool,
        qkv_fused: bool,
        drop: float,
        attn_drop: float,
        drop_path: float,
        norm_eps: float,
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=norm_eps)
        self.attn = EvaAttention(dim, num_heads, qkv_bias, fused=qkv_fused, attn_drop=attn_drop, proj_drop=drop)
        self.norm2 = nn.LayerNorm(dim, eps=norm_eps)
        self.mlp = mlp
        self.drop_path = nn.DropPath(drop_path) if drop_path else None

    def forward(self, x: Tensor, cosines: Tensor | None = None, sines: Tensor | None = None) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        if self.drop_path is None:
            x = x + self.attn(self.norm1(x), cosines, sines)
            return x + self.mlp(self.norm2(x))
        x = x + self.drop_path(self.attn(self.norm1(x), cosines, sines))
        return x + self.drop_path(self.mlp(self.norm2(x)))


@NETWORKS.register()
class Eva(TokenNetwork):
    """A transformer encoder over patches, whose tokens may know their places by rotation.

    Its stages are its blocks; a stage's map holds the patches' tokens, as that block returns them.

    Args:
        img_size: Height and width of the images, or both as one number: multiples of `patch_size`.
        patch_size: Side of a patch.
        embed_dim: Width of a token.
        depth: Blocks.
        num_heads: Heads of the attention.
        mlp_ratio: Hidden width of the feed-forward networks as a multiple of `embed_dim`.
        qkv_bias: Whether queries and values have biases; keys have none.
        qkv_fused: One projection makes queries, keys and values.
        swiglu_mlp: Gate the hidden features of the feed-forward networks.
        scale_mlp: Normalise the gated features too.
        use_rot_pos_emb: Turn queries and keys by their places, beside the positions that are added to tokens.
        ref_feat_shape: Rows and columns which turning spreads the patches over; those of the images by default.
        global_pool: What the head sees: `"avg"`, the mean of the patches' tokens, or `"token"`, the class token.
        drop_rate: Probability of dropping a feature.
        attn_drop_rate: Probability of dropping an attention weight.
        drop_path_rate: Probability of dropping the last block's branches; earlier ones are dropped proportionally less.
        norm_eps: What the normalisations add to the variance.
        act_name: Activation of feed-forward networks that are not gated.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Blocks to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = Eva(img_size=32, patch_size=8, embed_dim=16, depth=2, num_heads=2, num_classes=10)
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape), tuple(net.forward_stages(ops.ones((1, 3, 32, 32)))[0].shape)
        ((1, 10), (1, 16, 4, 4))
    """

    family = "eva"
    default_head = LINEAR_HEAD

    cosines: Any
    sines: Any

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        patch_size: int = 14,
        embed_dim: int = 192,
        depth: int = 12,
        num_heads: int = 3,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        qkv_fused: bool = True,
        swiglu_mlp: bool = False,
        scale_mlp: bool = False,
        use_rot_pos_emb: bool = False,
        ref_feat_shape: Sequence[int] | None = None,
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
        check_depth("Eva", depth)
        self.fixed_size = image_size("Eva", img_size, patch_size)
        _check(embed_dim, num_heads, use_rot_pos_emb, swiglu_mlp, scale_mlp, global_pool)
        self.input_size = (in_channels, *self.fixed_size)
        self.grid_size = (self.fixed_size[0] // patch_size, self.fixed_size[1] // patch_size)
        self.global_pool = global_pool
        positions = 1 + self.grid_size[0] * self.grid_size[1]
        self.cls_token = nn.Parameter(np.zeros((1, 1, embed_dim), np.float32))
        self.pos_embed = nn.Parameter(np.zeros((1, positions, embed_dim), np.float32))
        self.patch_embed = PatchEmbed(patch_size, in_channels, embed_dim)
        self.use_rot_pos_emb = use_rot_pos_emb
        if use_rot_pos_emb:
            spread = None if ref_feat_shape is None else _pair(ref_feat_shape)
            tables = rotary_tables(self.grid_size, embed_dim // num_heads, prefix=1, reference=spread)
            for name, table in zip(("cosines", "sines"), tables, strict=True):
                self.register_buffer(name, ops.tensor(table), persistent=False)
        hidden = int(embed_dim * mlp_ratio)

        def feed_forward() -> Any:
            if swiglu_mlp:
                return SwiGLU(embed_dim, hidden, norm_eps if scale_mlp else None, drop_rate)
            return FFN(embed_dim, hidden, act_name, drop_rate)

        self.pos_drop = nn.Dropout(drop_rate) if drop_rate else None
        self.blocks = nn.ModuleList(
            [
                EvaBlock(
                    embed_dim,
                    num_heads,
                    feed_forward(),
                    qkv_bias=qkv_bias,
                    qkv_fused=qkv_fused,
                    drop=drop_rate,
                    attn_drop=attn_drop_rate,
                    drop_path=drop_path_rate * index / max(depth - 1, 1),
                    norm_eps=norm_eps,
                )
                for index in range(depth)
            ]
        )
        self.norm = token_norm("LN", embed_dim, eps=norm_eps) if global_pool == "token" else None
        self.fc_norm = token_norm("LN", embed_dim, eps=norm_eps) if global_pool == "avg" else None
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
        """Tokens `(N, L, embed_dim)` of an image, the class token first, with their positions."""
        x = self.patch_embed(x)
        x = ops.cat([ops.expand(self.cls_token, (x.shape[0], -1, -1)), x], 1) + self.pos_embed
        return x if self.pos_drop is None else self.pos_drop(x)

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """One block."""
        if self.use_rot_pos_emb:
            return self.blocks[index](x, self.cosines, self.sines)
        return self.blocks[index](x)


def _pair(shape: Sequence[int]) -> tuple[int, int]:
    rows, columns = shape
    return rows, columns


def _check(
    embed_dim: int, num_heads: int, use_rot_pos_emb: bool, swiglu_mlp: bool, scale_mlp: bool, global_pool: str
) -> None:
    """Refuse options that do not fit together.

    Raises:
        OptionError: They do not.
    """
    if global_pool not in _POOLS:
        message = f"Eva: global_pool is 'avg' or 'token', not {global_pool!r}.{suggest(str(global_pool), _POOLS)}"
        raise OptionError(message)
    if scale_mlp and not swiglu_mlp:
        message = "Eva: scale_mlp normalises gated features, so it needs swiglu_mlp."
        raise OptionError(message)
    if use_rot_pos_emb and (embed_dim % num_heads or embed_dim // num_heads % 4):
        message = f"Eva: rotary embeddings need heads of a multiple of 4 features, not {embed_dim} / {num_heads}."
        raise OptionError(message)


def _add(name: str, base: Any = None, **row: Any) -> Any:
    return variant(NETWORKS, name, Eva, base=base, module=__name__, **row)


_EVA02: dict[str, Any] = {
    "mlp_ratio": 8 / 3,
    "swiglu_mlp": True,
    "use_rot_pos_emb": True,
    "ref_feat_shape": (16, 16),
}
_WIDE: dict[str, Any] = {**_EVA02, "qkv_fused": False, "scale_mlp": True}

eva02_tiny_patch14_224 = _add("eva02_tiny_patch14_224", embed_dim=192, num_heads=3, **_EVA02)
eva02_small_patch14_224 = _add("eva02_small_patch14_224", embed_dim=384, num_heads=6, **_EVA02)
eva02_base_patch14_224 = _add("eva02_base_patch14_224", embed_dim=768, num_heads=12, **_WIDE)
eva02_large_patch14_224 = _add("eva02_large_patch14_224", embed_dim=1024, depth=24, num_heads=16, **_WIDE)
eva02_tiny_patch14_336 = _add("eva02_tiny_patch14_336", eva02_tiny_patch14_224, img_size=336)
eva02_small_patch14_336 = _add("eva02_small_patch14_336", eva02_small_patch14_224, img_size=336)
eva02_base_patch14_448 = _add("eva02_base_patch14_448", eva02_base_patch14_224, img_size=448)
eva02_large_patch14_448 = _add("eva02_large_patch14_448", eva02_large_patch14_224, img_size=448)

_GIANT: dict[str, Any] = {"embed_dim": 1408, "depth": 40, "num_heads": 16, "mlp_ratio": 6144 / 1408}
eva_giant_patch14_224 = _add("eva_giant_patch14_224", **_GIANT)
eva_giant_patch14_336 = _add("eva_giant_patch14_336", eva_giant_patch14_224, img_size=336)
eva_giant_patch14_560 = _add("eva_giant_patch14_560", eva_giant_patch14_224, img_size=560)
