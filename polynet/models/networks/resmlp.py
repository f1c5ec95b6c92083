"""ResMLP: linear layers alone, across the patches of an image and across the features of each in turn.

Touvron et al. 2021, arXiv:2105.03404. Options, names and weights' names are BaseCls's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.models.blocks.image_size import check_depth, image_size
from polynet.models.blocks.mean_tokens import MeanOfTokens
from polynet.models.blocks.transformer import FFN, PatchEmbed
from polynet.models.network import Name
from polynet.models.networks.vit import LINEAR_HEAD
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, FanInUniform, KaimingUniform, TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor


class Affine(nn.Module):
    """A trained factor and shift for each feature: what stays of a normalisation that does not look at its input.

    Args:
        dim: Width of a token.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     affine = Affine(2)
        >>> affine(ops.ones((1, 1, 2))).tolist()
        [[[1.0, 1.0]]]
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(np.ones((dim,), np.float32))
        self.beta = nn.Parameter(np.zeros((dim,), np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Scale and shift; the shape stays."""
        return x * self.alpha + self.beta


class ResMLPBlock(nn.Module):
    """A linear layer across the patches, then a feed-forward network across the features, each added to its input.

    Args:
        dim: Width of a token.
        num_patches: Tokens of an image.
        init_scale: What the factors of the branches' features start at.
        ffn_ratio: Hidden width of the feed-forward network as a multiple of `dim`.
        drop: Probability of dropping a feature of the feed-forward network.
        drop_path: Probability of dropping a residual branch.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = ResMLPBlock(8, 4)
        >>> tuple(block(ops.ones((1, 4, 8))).shape)
        (1, 4, 8)
    """

    def __init__(
        self,
        dim: int,
        num_patches: int,
        init_scale: float = 1e-4,
        ffn_ratio: float = 4.0,
        drop: float = 0.0,
        drop_path: float = 0.0,
        act_name: Name = "gelu",
    ) -> None:
        super().__init__()
        self.norm1 = Affine(dim)
        self.attn = nn.Linear(num_patches, num_patches)
        self.drop_path = nn.DropPath(drop_path) if drop_path else None
        self.norm2 = Affine(dim)
        self.ffn = FFN(dim, int(ffn_ratio * dim), act_name, drop)
        self.gamma1 = nn.Parameter(np.full((dim,), init_scale, np.float32))
        self.gamma2 = nn.Parameter(np.full((dim,), init_scale, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        mixed = self.gamma1 * ops.transpose(self.attn(ops.transpose(self.norm1(x), 1, 2)), 1, 2)
        x = x + (mixed if self.drop_path is None else self.drop_path(mixed))
        fed = self.gamma2 * self.ffn(self.norm2(x))
        return x + (fed if self.drop_path is None else self.drop_path(fed))


@NETWORKS.register()
class ResMLP(MeanOfTokens):
    """Linear layers across patches and across features; the head sees the mean of the patches.

    Its stages are its blocks.

    Args:
        img_size: Height and width of the images, or both as one number: multiples of `patch_size`.
        patch_size: Side of a patch.
        embed_dim: Width of a token.
        depth: Blocks.
        drop_rate: Probability of dropping a feature of the feed-forward networks.
        drop_path_rate: Probability of dropping a branch, the same in every block.
        init_scale: What the factors of the branches' features start at.
        ffn_ratio: Hidden width of the feed-forward networks as a multiple of `embed_dim`.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Blocks to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = ResMLP(img_size=32, patch_size=8, embed_dim=16, depth=2, num_classes=10)
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape), tuple(net.forward_stages(ops.ones((1, 3, 32, 32)))[0].shape)
        ((1, 10), (1, 16, 4, 4))
    """

    family = "resmlp"
    recipe = Recipe(
        convolution=KaimingUniform(math.sqrt(5)),
        linear=TruncatedNormal(0.02),
        bias=Constant(0.0),
        named=(("patch_embed.proj.bias", FanInUniform()),),
    )
    default_head = LINEAR_HEAD

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        embed_dim: int = 768,
        depth: int = 12,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        init_scale: float = 1e-4,
        ffn_ratio: float = 4.0,
        act_name: Name = "gelu",
        head: Mapping[str, Any] | None = LINEAR_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        check_depth("ResMLP", depth)
        self.fixed_size = image_size("ResMLP", img_size, patch_size)
        self.input_size = (in_channels, *self.fixed_size)
        self.grid_size = (self.fixed_size[0] // patch_size, self.fixed_size[1] // patch_size)
        self.patch_embed = PatchEmbed(patch_size, in_channels, embed_dim)
        patches = self.grid_size[0] * self.grid_size[1]
        self.blocks = nn.Sequential(
            *[
                ResMLPBlock(embed_dim, patches, init_scale, ffn_ratio, drop_rate, drop_path_rate, act_name)
                for _ in range(depth)
            ]
        )
        self.norm = Affine(embed_dim)
        self.complete(
            [Stage(f"blocks.{index}", embed_dim, patch_size) for index in range(depth)],
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=None,
            act_name=act_name,
        )

    def forward_stem(self, x: Tensor) -> Tensor:
        """Tokens `(N, L, embed_dim)` of an image."""
        return self.patch_embed(x)


def _add(name: str, **row: Any) -> Any:
    return variant(NETWORKS, name, ResMLP, module=__name__, **row)


_SMALL: dict[str, Any] = {"embed_dim": 384, "drop_path_rate": 0.05}
_BIG: dict[str, Any] = {"patch_size": 8, "embed_dim": 768, "drop_path_rate": 0.05}

resmlp_s12 = _add("resmlp_s12", **_SMALL, depth=12, init_scale=0.1)
resmlp_s24 = _add("resmlp_s24", **_SMALL, depth=24, init_scale=1e-5)
resmlp_s36 = _add("resmlp_s36", **_SMALL, depth=36, init_scale=1e-6)
resmlp_b24 = _add("resmlp_b24", **_BIG, depth=24, init_scale=1e-6)
