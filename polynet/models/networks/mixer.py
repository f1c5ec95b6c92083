"""MLP-Mixer: two-layer networks across the patches of an image and across the features of each in turn.

Tolstikhin et al. 2021, arXiv:2105.01601. Weights' names and initial values are timm's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.image_size import check_depth, image_size
from polynet.models.blocks.mean_tokens import MeanOfTokens
from polynet.models.blocks.normalisation import token_norm
from polynet.models.blocks.transformer import FFN, PatchEmbed
from polynet.models.network import Name
from polynet.models.networks.vit import LINEAR_HEAD
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, Normal, TruncatedNormal, XavierUniform
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor

STANDARD_CUT_OFF = 0.87962566103423978
"""The standard deviation of a standard normal cut off at 2."""


def _recipe(values_of_a_patch: int) -> Recipe:
    """Patches LeCun normal; the layers' biases all but 0; a head that is not quite 0, so that no gradient is."""
    return Recipe(
        convolution=TruncatedNormal(1 / math.sqrt(values_of_a_patch) / STANDARD_CUT_OFF),
        linear=XavierUniform(),
        bias=Constant(0.0),
        named=(
            ("*.mlp_tokens.*.bias", Normal(1e-6)),
            ("*.mlp_channels.*.bias", Normal(1e-6)),
            ("head.weight", TruncatedNormal(0.02)),
        ),
    )


class MixerBlock(nn.Module):
    """A network across the patches, then one across the features, each normalised before and added to its input.

    Args:
        dim: Width of a token.
        num_patches: Tokens of an image.
        mlp_ratio: Hidden widths, across patches and across features, as multiples of `dim`.
        drop: Probability of dropping a feature.
        drop_path: Probability of dropping a residual branch.
        norm_name: `"LN"`, `"RMS"`, a class, or `None`.
        norm_eps: What the normalisations add to the variance.
        act_name: Activation.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = MixerBlock(8, 4)
        >>> tuple(block(ops.ones((1, 4, 8))).shape)
        (1, 4, 8)
    """

    def __init__(
        self,
        dim: int,
        num_patches: int,
        mlp_ratio: Sequence[float] = (0.5, 4.0),
        drop: float = 0.0,
        drop_path: float = 0.0,
        norm_name: Name = "LN",
        norm_eps: float = 1e-6,
        act_name: Name = "gelu",
    ) -> None:
        super().__init__()
        across_patches, across_features = (int(ratio * dim) for ratio in mlp_ratio)
        self.norm1 = token_norm(norm_name, dim, eps=norm_eps)
        self.mlp_tokens = FFN(num_patches, across_patches, act_name, drop)
        self.drop_path = nn.DropPath(drop_path) if drop_path else None
        self.norm2 = token_norm(norm_name, dim, eps=norm_eps)
        self.mlp_channels = FFN(dim, across_features, act_name, drop)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        x = x + self._dropped(ops.transpose(self.mlp_tokens(ops.transpose(self.norm1(x), 1, 2)), 1, 2))
        return x + self._dropped(self.mlp_channels(self.norm2(x)))

    def _dropped(self, branch: Tensor) -> Tensor:
        return branch if self.drop_path is None else self.drop_path(branch)


@NETWORKS.register()
class MlpMixer(MeanOfTokens):
    """Two-layer networks across patches and across features; the head sees the mean of the patches.

    Its stages are its blocks.

    Args:
        img_size: Height and width of the images, or both as one number: multiples of `patch_size`.
        patch_size: Side of a patch.
        embed_dim: Width of a token.
        depth: Blocks.
        mlp_ratio: Hidden widths, across patches and across features, as multiples of `embed_dim`.
        drop_rate: Probability of dropping a feature.
        drop_path_rate: Probability of dropping a branch, the same in every block.
        norm_name: `"LN"`, `"RMS"`, a class, or `None`.
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
        ...     net = MlpMixer(img_size=32, patch_size=8, embed_dim=16, depth=2, num_classes=10)
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape), tuple(net.forward_stages(ops.ones((1, 3, 32, 32)))[0].shape)
        ((1, 10), (1, 16, 4, 4))
    """

    family = "mixer"
    default_head = LINEAR_HEAD

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        embed_dim: int = 512,
        depth: int = 8,
        mlp_ratio: Sequence[float] = (0.5, 4.0),
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_name: Name = "LN",
        norm_eps: float = 1e-6,
        act_name: Name = "gelu",
        head: Mapping[str, Any] | None = LINEAR_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        check_depth("MlpMixer", depth)
        if not isinstance(mlp_ratio, Sequence) or len(mlp_ratio) != 2 or min(mlp_ratio) <= 0:
            message = f"MlpMixer: mlp_ratio must be two positive numbers, not {mlp_ratio!r}."
            raise OptionError(message)
        self.fixed_size = image_size("MlpMixer", img_size, patch_size)
        self.input_size = (in_channels, *self.fixed_size)
        self.grid_size = (self.fixed_size[0] // patch_size, self.fixed_size[1] // patch_size)
        self.recipe = _recipe(in_channels * patch_size**2)
        self.stem = PatchEmbed(patch_size, in_channels, embed_dim)
        patches = self.grid_size[0] * self.grid_size[1]
        self.blocks = nn.Sequential(
            *[
                MixerBlock(embed_dim, patches, mlp_ratio, drop_rate, drop_path_rate, norm_name, norm_eps, act_name)
                for _ in range(depth)
            ]
        )
        self.norm = token_norm(norm_name, embed_dim, eps=norm_eps)
        self.complete(
            [Stage(f"blocks.{index}", embed_dim, patch_size) for index in range(depth)],
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm_name,
            act_name=act_name,
        )


def _add(name: str, **row: Any) -> Any:
    return variant(NETWORKS, name, MlpMixer, module=__name__, **row)


_SMALL: dict[str, Any] = {"embed_dim": 512, "depth": 8}
_BASE: dict[str, Any] = {"embed_dim": 768, "depth": 12}
_LARGE: dict[str, Any] = {"embed_dim": 1024, "depth": 24}

mixer_s32_224 = _add("mixer_s32_224", **_SMALL, patch_size=32)
mixer_s16_224 = _add("mixer_s16_224", **_SMALL, patch_size=16)
mixer_b32_224 = _add("mixer_b32_224", **_BASE, patch_size=32)
mixer_b16_224 = _add("mixer_b16_224", **_BASE, patch_size=16)
mixer_l32_224 = _add("mixer_l32_224", **_LARGE, patch_size=32)
mixer_l16_224 = _add("mixer_l16_224", **_LARGE, patch_size=16)
