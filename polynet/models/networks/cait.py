"""CaiT: deep vision transformers whose class token enters last.

Touvron et al. 2021, arXiv:2103.17239; its attention mixes the heads (Shazeer et al. 2020, arXiv:2003.02436). Names,
options and initial values are timm's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.image_size import check_depth, image_size
from polynet.models.blocks.transformer import FFN, PatchEmbed
from polynet.models.network import ImageNetwork, Name
from polynet.models.networks.vit import LINEAR_HEAD
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, FanInUniform, KaimingUniform, TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor


class HeadMixing(nn.Linear):
    """A linear layer across the heads of an attention.

    Args:
        num_heads: Heads.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     mixing = HeadMixing(2)
        >>> tuple(mixing(ops.ones((1, 2, 3, 3))).shape)
        (1, 2, 3, 3)
    """

    def __init__(self, num_heads: int) -> None:
        super().__init__(num_heads, num_heads)

    def forward(self, x: Tensor) -> Tensor:
        """Map scores `(N, heads, L, S)` to the same shape."""
        # One product for each image with the heads where they are: nothing has to be moved.
        mixed = ops.matmul(self.weight, ops.flatten(x, 2))
        mixed += ops.unsqueeze(self.bias, 1)
        return ops.reshape(mixed, x.shape)


class TalkingHeadAttention(nn.Module):
    """Self-attention whose heads are mixed before and after the softmax.

    Args:
        dim: Width of a token.
        num_heads: Heads; they divide the width.
        qkv_bias: Whether queries, keys and values have biases.
        attn_drop: Probability of dropping an attention weight.
        proj_drop: Probability of dropping an output.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     attention = TalkingHeadAttention(16, num_heads=2)
        >>> tuple(attention(ops.ones((1, 5, 16))).shape)
        (1, 5, 16)
    """

    def __init__(
        self, dim: int, num_heads: int, qkv_bias: bool = True, attn_drop: float = 0.0, proj_drop: float = 0.0
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.scale = (dim // num_heads) ** -0.5
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.proj_l = HeadMixing(num_heads)
        self.proj_w = HeadMixing(num_heads)
        self.attn_drop = nn.Dropout(attn_drop) if attn_drop else None
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop) if proj_drop else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        batch, length, width = x.shape
        qkv = ops.reshape(self.qkv(x), (batch, length, 3, self.num_heads, width // self.num_heads))
        query, key, value = ops.unbind(ops.permute(qkv, (2, 0, 3, 1, 4)))
        weights = self.proj_l(ops.matmul(query * self.scale, ops.transpose(key, -2, -1)))
        weights = ops.softmax(weights, -1)
        weights = self.proj_w(weights)
        if self.attn_drop is not None:
            weights = self.attn_drop(weights)
        x = ops.transpose(ops.matmul(weights, value), 1, 2)
        x = self.proj(ops.reshape(x, (batch, length, width)))
        return x if self.proj_drop is None else self.proj_drop(x)


class ClassAttention(nn.Module):
    """Attention of the class token alone to all tokens.

    Args:
        dim: Width of a token.
        num_heads: Heads; they divide the width.
        qkv_bias: Whether queries, keys and values have biases.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     attention = ClassAttention(16, num_heads=2)
        >>> tuple(attention(ops.ones((1, 5, 16))).shape)
        (1, 1, 16)
    """

    def __init__(self, dim: int, num_heads: int, qkv_bias: bool = True) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.q = nn.Linear(dim, dim, bias=qkv_bias)
        self.k = nn.Linear(dim, dim, bias=qkv_bias)
        self.v = nn.Linear(dim, dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)`, the class token first, to `(N, 1, dim)`."""
        batch, _, width = x.shape
        query, key, value = (self._heads(made) for made in (self.q(x[:, :1]), self.k(x), self.v(x)))
        token = ops.scaled_dot_product_attention(query, key, value)
        return self.proj(ops.reshape(ops.transpose(token, 1, 2), (batch, 1, width)))

    def _heads(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        return ops.transpose(ops.reshape(x, (batch, length, self.num_heads, width // self.num_heads)), 1, 2)


class ScaledBlock(nn.Module):
    """Attention and a feed-forward network, normalised before, scaled, and added to their input.

    A subclass says what is attended to.

    Args:
        dim: Width of a token.
        attn: The attention.
        mlp_ratio: Hidden width of the feed-forward network as a multiple of `dim`.
        drop: Probability of dropping a feature of the feed-forward network.
        drop_path: Probability of dropping a residual branch.
        init_values: What the factors of the branches' features start at.
        norm_eps: What the normalisations add to the variance.
        act_name: Activation.
    """

    def __init__(
        self,
        dim: int,
        attn: Any,
        mlp_ratio: float,
        *,
        drop: float = 0.0,
        drop_path: float = 0.0,
        init_values: float,
        norm_eps: float,
        act_name: Name,
    ) -> None:
        super().__init__()
        self.gamma_1 = nn.Parameter(np.full((dim,), init_values, np.float32))
        self.gamma_2 = nn.Parameter(np.full((dim,), init_values, np.float32))
        self.norm1 = nn.LayerNorm(dim, eps=norm_eps)
        self.attn = attn
        self.norm2 = nn.LayerNorm(dim, eps=norm_eps)
        self.mlp = FFN(dim, int(dim * mlp_ratio), act_name, drop)
        self.drop_path = nn.DropPath(drop_path) if drop_path else None

    def add_branches(self, x: Tensor, attended: Tensor) -> Tensor:
        """Add to `x` what the attention makes of `attended`, then what the feed-forward network makes of that."""
        branch = self.gamma_1 * self.attn(attended)
        x = x + (branch if self.drop_path is None else self.drop_path(branch))
        branch = self.gamma_2 * self.mlp(self.norm2(x))
        return x + (branch if self.drop_path is None else self.drop_path(branch))


class PatchBlock(ScaledBlock):
    """A block in which patches look at patches."""

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        return self.add_branches(x, self.norm1(x))


class ClassBlock(ScaledBlock):
    """A block that changes the class token alone; the patches' tokens are only looked at."""

    def forward(self, token: Tensor, patches: Tensor) -> Tensor:
        """Map the class token `(N, 1, dim)`, given the patches' `(N, L, dim)`, to the same shape."""
        return self.add_branches(token, self.norm1(ops.cat([token, patches], 1)))


@NETWORKS.register()
class CaiT(ImageNetwork):
    """A deep transformer encoder over patches, then a shallow one that gathers them into a class token.

    Its stages are the blocks of the first; a stage's map holds the tokens as that block returns them.

    Args:
        img_size: Height and width of the images, or both as one number: multiples of `patch_size`.
        patch_size: Side of a patch.
        embed_dim: Width of a token.
        depth: Blocks over patches.
        num_heads: Heads of the attention.
        mlp_ratio: Hidden width of the feed-forward networks as a multiple of `embed_dim`.
        qkv_bias: Whether queries, keys and values have biases.
        depth_token_only: Blocks of the class token.
        mlp_ratio_token_only: `mlp_ratio` of those.
        init_values: What the factors of the residual branches' features start at.
        drop_rate: Probability of dropping a feature.
        attn_drop_rate: Probability of dropping an attention weight.
        drop_path_rate: Probability of dropping a branch of a block over patches; the same for all.
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
        ...     net = CaiT(img_size=32, patch_size=8, embed_dim=16, depth=2, num_heads=2, num_classes=10)
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape), tuple(net.forward_stages(ops.ones((1, 3, 32, 32)))[0].shape)
        ((1, 10), (1, 16, 4, 4))
    """

    family = "cait"
    default_head = LINEAR_HEAD
    recipe = Recipe(
        convolution=KaimingUniform(5**0.5),
        linear=TruncatedNormal(0.02),
        bias=Constant(0.0),
        named=(
            *((name, TruncatedNormal(0.02)) for name in ("cls_token", "pos_embed")),
            ("patch_embed.proj.bias", FanInUniform()),
        ),
    )

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        embed_dim: int = 192,
        depth: int = 24,
        num_heads: int = 4,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        depth_token_only: int = 2,
        mlp_ratio_token_only: float = 4.0,
        init_values: float = 1e-5,
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
        check_depth("CaiT", depth)
        check_depth("CaiT", depth_token_only)
        if num_heads < 1 or embed_dim % num_heads:
            message = f"CaiT: {num_heads} heads do not divide a width of {embed_dim}."
            raise OptionError(message)
        self.fixed_size = image_size("CaiT", img_size, patch_size)
        self.input_size = (in_channels, *self.fixed_size)
        self.grid_size = (self.fixed_size[0] // patch_size, self.fixed_size[1] // patch_size)
        patches = self.grid_size[0] * self.grid_size[1]
        self.cls_token = nn.Parameter(np.zeros((1, 1, embed_dim), np.float32))
        self.pos_embed = nn.Parameter(np.zeros((1, patches, embed_dim), np.float32))
        self.patch_embed = PatchEmbed(patch_size, in_channels, embed_dim)
        self.pos_drop = nn.Dropout(drop_rate) if drop_rate else None
        alike: dict[str, Any] = {"init_values": init_values, "norm_eps": norm_eps, "act_name": act_name}

        def block() -> PatchBlock:
            attention = TalkingHeadAttention(embed_dim, num_heads, qkv_bias, attn_drop_rate, drop_rate)
            return PatchBlock(embed_dim, attention, mlp_ratio, drop=drop_rate, drop_path=drop_path_rate, **alike)

        def class_block() -> ClassBlock:
            attention = ClassAttention(embed_dim, num_heads, qkv_bias)
            return ClassBlock(embed_dim, attention, mlp_ratio_token_only, **alike)

        self.blocks = nn.Sequential(*[block() for _ in range(depth)])
        self.blocks_token_only = nn.ModuleList([class_block() for _ in range(depth_token_only)])
        self.later_blocks = [f"blocks_token_only.{index}" for index in range(depth_token_only)]
        self.norm = nn.LayerNorm(embed_dim, eps=norm_eps)
        self.complete(
            [Stage(f"blocks.{index}", embed_dim, patch_size) for index in range(depth)],
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name="LN",
            act_name=act_name,
        )

    def forward_stem(self, x: Tensor) -> Tensor:
        """Tokens `(N, L, embed_dim)` of an image's patches, with their positions."""
        x = self.patch_embed(x) + self.pos_embed
        return x if self.pos_drop is None else self.pos_drop(x)

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """One block over patches."""
        return self.blocks[index](x)

    def forward_final(self, x: Tensor) -> Tensor:
        """Normalised tokens `(N, 1 + L, embed_dim)`: the class token, which the patches are gathered into, first."""
        token = ops.expand(self.cls_token, (x.shape[0], -1, -1))
        for block in self.blocks_token_only:
            token = block(token, x)
        return self.norm(ops.cat([token, x], 1))

    def stage_map(self, x: Tensor) -> Tensor:
        """The patches' tokens as a map."""
        return ops.unflatten(ops.transpose(x, 1, 2), 2, self.grid_size)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Any:
        """Logits of normalised tokens.

        Args:
            x: What `forward_features` returned.
            pre_logits: Return the class token, which the head is given.
        """
        if type(x) is not self._tensor_type:
            self._check_framework(x)
        token = x[:, 0]
        return token if pre_logits or self.head is None else self.head(token)


def _add(name: str, base: Any = None, **row: Any) -> Any:
    return variant(NETWORKS, name, CaiT, base=base, module=__name__, **row)


_XXS: dict[str, Any] = {"embed_dim": 192, "num_heads": 4, "drop_path_rate": 0.05}
_S: dict[str, Any] = {"embed_dim": 384, "num_heads": 8, "drop_path_rate": 0.1}
_M: dict[str, Any] = {"embed_dim": 768, "num_heads": 16, "init_values": 1e-6}

cait_xxs24_224 = _add("cait_xxs24_224", depth=24, **_XXS)
cait_xxs24_384 = _add("cait_xxs24_384", cait_xxs24_224, img_size=384)
cait_xxs36_224 = _add("cait_xxs36_224", depth=36, **{**_XXS, "drop_path_rate": 0.1})
cait_xxs36_384 = _add("cait_xxs36_384", cait_xxs36_224, img_size=384)
cait_xs24_384 = _add("cait_xs24_384", img_size=384, embed_dim=288, depth=24, num_heads=6, drop_path_rate=0.05)
cait_s24_224 = _add("cait_s24_224", depth=24, **_S)
cait_s24_384 = _add("cait_s24_384", cait_s24_224, img_size=384)
cait_s36_384 = _add("cait_s36_384", img_size=384, depth=36, init_values=1e-6, **{**_S, "drop_path_rate": 0.2})
cait_m36_384 = _add("cait_m36_384", img_size=384, depth=36, drop_path_rate=0.3, **_M)
cait_m48_448 = _add("cait_m48_448", img_size=448, depth=48, drop_path_rate=0.4, **_M)
