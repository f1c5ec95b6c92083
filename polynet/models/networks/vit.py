"""Vision transformer, and DeiT, which adds a distillation token.

ViT: Dosovitskiy et al. 2021, arXiv:2010.11929. DeiT: Touvron et al. 2021, arXiv:2012.12877. Options, names and weights'
names are BaseCls's, the initial values timm's as BaseCls has them.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.normalisation import token_norm
from polynet.models.blocks.transformer import EncoderBlock, PatchEmbed
from polynet.models.network import ImageNetwork, Name
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, FanInUniform, KaimingUniform, TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor

LINEAR_HEAD: Mapping[str, Any] = MappingProxyType({"name": "LinearHead"})


def _recipe(representation_width: int | None = None) -> Recipe:
    """Truncated normal with 0.02; the patches' convolution torch's default; a representation layer LeCun normal."""
    hidden: tuple[Any, ...] = ()
    if representation_width is not None:
        # The constant is the standard deviation of a standard normal cut off at 2.
        hidden = (("pre_logits.fc.weight", TruncatedNormal(1 / math.sqrt(representation_width) / 0.87962566103423978)),)
    return Recipe(
        convolution=KaimingUniform(math.sqrt(5)),
        linear=TruncatedNormal(0.02),
        bias=Constant(0.0),
        named=(
            *((name, TruncatedNormal(0.02)) for name in ("cls_token", "dist_token", "pos_embed")),
            ("patch_embed.proj.bias", FanInUniform()),
            *hidden,
        ),
    )


@NETWORKS.register()
class ViT(ImageNetwork):
    """A transformer encoder over patches of an image; the head sees the class token.

    Its stages are its blocks; a stage's map holds the patches' tokens, without the class token, as that block returns
    them: the final normalisation belongs to `forward_features`.

    Args:
        img_size: Height and width of the images, or both as one number: multiples of `patch_size`.
        patch_size: Side of a patch.
        embed_dim: Width of a token.
        depth: Blocks.
        num_heads: Heads of the attention.
        ffn_ratio: Hidden width of the feed-forward networks as a multiple of `embed_dim`.
        qkv_bias: Whether queries, keys and values have biases.
        qk_scale: What scores are multiplied by; `(embed_dim / num_heads) ** -0.5` by default.
        representation_size: Width of a layer with tanh between class token and head; none by default.
        distilled: Add a distillation token and its own head, `head_dist`; the logits are the mean of both heads'.
        distilled_training: While training return both heads' logits as a pair instead.
        drop_rate: Probability of dropping a feature.
        attn_drop_rate: Probability of dropping an attention weight.
        drop_path_rate: Probability of dropping the last block's branches; earlier ones are dropped proportionally less.
        norm_name: `"LN"`, `"RMS"`, a class, or `None`.
        norm_eps: What the normalisations add to the variance: 1e-5 as in BaseCls; the paper's and timm's is 1e-6.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Blocks to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = ViT(img_size=32, patch_size=8, embed_dim=16, depth=2, num_heads=2, num_classes=10)
        >>> tuple(net(ops.ones((1, 3, 32, 32))).shape), tuple(net.forward_stages(ops.ones((1, 3, 32, 32)))[0].shape)
        ((1, 10), (1, 16, 4, 4))
    """

    family = "vit"
    recipe = _recipe()
    default_head = LINEAR_HEAD

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        embed_dim: int = 768,
        depth: int = 12,
        num_heads: int = 12,
        ffn_ratio: float = 4.0,
        qkv_bias: bool = True,
        qk_scale: float | None = None,
        representation_size: int | None = None,
        distilled: bool = False,
        distilled_training: bool = False,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_name: Name = "LN",
        norm_eps: float = 1e-5,
        act_name: Name = "gelu",
        head: Mapping[str, Any] | None = LINEAR_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        if distilled and representation_size:
            message = "ViT: distilled and representation_size exclude each other; DeiT has no representation layer."
            raise OptionError(message)
        if isinstance(depth, bool) or not isinstance(depth, int) or depth < 1:
            message = f"ViT: depth must be a whole number of at least 1, not {depth!r}."
            raise OptionError(message)
        self.fixed_size = _image_size(img_size, patch_size)
        self.input_size = (in_channels, *self.fixed_size)
        self.grid_size = (self.fixed_size[0] // patch_size, self.fixed_size[1] // patch_size)
        self.num_tokens = 2 if distilled else 1
        self.distilled_training = distilled_training
        positions = self.num_tokens + self.grid_size[0] * self.grid_size[1]
        self.cls_token = nn.Parameter(np.zeros((1, 1, embed_dim), np.float32))
        self.dist_token = nn.Parameter(np.zeros((1, 1, embed_dim), np.float32)) if distilled else None
        self.pos_embed = nn.Parameter(np.zeros((1, positions, embed_dim), np.float32))
        self.patch_embed = PatchEmbed(patch_size, in_channels, embed_dim)
        self.pos_drop = nn.Dropout(drop_rate) if drop_rate else None
        self.blocks = nn.Sequential(
            *[
                EncoderBlock(
                    embed_dim,
                    num_heads,
                    ffn_ratio,
                    qkv_bias,
                    qk_scale,
                    drop=drop_rate,
                    attn_drop=attn_drop_rate,
                    drop_path=drop_path_rate * index / max(depth - 1, 1),
                    norm_name=norm_name,
                    norm_eps=norm_eps,
                    act_name=act_name,
                )
                for index in range(depth)
            ]
        )
        self.norm = token_norm(norm_name, embed_dim, eps=norm_eps)
        self.pre_logits = None
        width = embed_dim
        if representation_size:
            layer = nn.Linear(embed_dim, representation_size)
            self.pre_logits = nn.Sequential(OrderedDict(fc=layer, act=nn.Tanh()))
            self.recipe = _recipe(embed_dim)
            width = representation_size
        self.complete(
            [Stage(f"blocks.{index}", embed_dim, patch_size) for index in range(depth)],
            head=head,
            num_classes=num_classes,
            out_indices=out_indices,
            norm_name=norm_name,
            act_name=act_name,
            head_width=width,
        )
        self.head_dist = self._head_plan.build(self.num_classes) if distilled and self.head is not None else None

    def forward_stem(self, x: Tensor) -> Tensor:
        """Tokens `(N, L, embed_dim)` of an image, with their positions."""
        x = self.patch_embed(x)
        prefix = [self.cls_token] if self.dist_token is None else [self.cls_token, self.dist_token]
        tokens = [ops.expand(token, (x.shape[0], -1, -1)) for token in prefix]
        x = ops.cat([*tokens, x], 1) + self.pos_embed
        return x if self.pos_drop is None else self.pos_drop(x)

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """One block."""
        return self.blocks[index](x)

    def forward_features(self, x: Tensor) -> Tensor:
        """Normalised tokens `(N, L, embed_dim)`, the class token first."""
        self.check_input(x)
        return self.norm(self.blocks(self.forward_stem(x)))

    def stage_map(self, x: Tensor) -> Tensor:
        """The patches' tokens as a map."""
        height, width = self.grid_size
        patches = ops.transpose(x[:, self.num_tokens :], 1, 2)
        return ops.unflatten(patches, 2, (height, width))

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Any:
        """Logits of normalised tokens.

        Args:
            x: What `forward_features` returned.
            pre_logits: Return what the head is given: the class token, through the representation layer where there is
                one. With distillation it is the mean of both tokens.

        Returns:
            `(N, num_classes)`; a pair of them with `distilled_training` while training.
        """
        if type(x) is not self._tensor_type:
            self._check_framework(x)
        if self.dist_token is not None:
            return self._forward_distilled(x, pre_logits)
        token = x[:, 0]
        if self.pre_logits is not None:
            token = self.pre_logits(token)
        return token if pre_logits or self.head is None else self.head(token)

    def _forward_distilled(self, x: Tensor, pre_logits: bool) -> Any:
        first, second = x[:, 0], x[:, 1]
        if not pre_logits and self.head is not None and self.head_dist is not None:
            first, second = self.head(first), self.head_dist(second)
            if self.training and self.distilled_training:
                return first, second
        return (first + second) / 2

    def reset_classifier(self, num_classes: int, *, seed: int | None = None) -> None:
        """Give both heads another number of classes; see `ImageNetwork.reset_classifier`."""
        super().reset_classifier(num_classes, seed=seed)
        if self.dist_token is None:
            return
        self.head_dist = None if num_classes == 0 else self._new_part(lambda: self._head_plan.build(num_classes))
        if self.head_dist is not None:
            self._draw("head_dist", seed)


def _image_size(img_size: int | Sequence[int], patch_size: int) -> tuple[int, int]:
    """Height and width.

    Raises:
        OptionError: Not one or two positive multiples of the patch's side.
    """
    if isinstance(patch_size, bool) or not isinstance(patch_size, int) or patch_size < 1:
        message = f"ViT: patch_size must be a whole number of at least 1, not {patch_size!r}."
        raise OptionError(message)
    sides = (img_size, img_size) if isinstance(img_size, int) else tuple(img_size)
    if len(sides) != 2 or any(not isinstance(side, int) or side < 1 or side % patch_size for side in sides):
        message = f"ViT: img_size must be one or two positive multiples of patch_size={patch_size}, not {img_size!r}."
        raise OptionError(message)
    return sides


def _add(name: str, base: Any = None, **row: Any) -> Any:
    return variant(NETWORKS, name, ViT, base=base, module=__name__, **row)


_TINY: dict[str, Any] = {"embed_dim": 192, "depth": 12, "num_heads": 3, "drop_path_rate": 0.1}
_SMALL: dict[str, Any] = {"embed_dim": 384, "depth": 12, "num_heads": 6, "drop_path_rate": 0.1}
_BASE: dict[str, Any] = {"embed_dim": 768, "depth": 12, "num_heads": 12, "drop_path_rate": 0.1}

vit_tiny_patch16_224 = _add("vit_tiny_patch16_224", patch_size=16, **_TINY)
vit_tiny_patch16_384 = _add("vit_tiny_patch16_384", vit_tiny_patch16_224, img_size=384)
vit_small_patch16_224 = _add("vit_small_patch16_224", patch_size=16, **_SMALL)
vit_small_patch16_384 = _add("vit_small_patch16_384", vit_small_patch16_224, img_size=384)
vit_small_patch32_224 = _add("vit_small_patch32_224", patch_size=32, **_SMALL)
vit_small_patch32_384 = _add("vit_small_patch32_384", vit_small_patch32_224, img_size=384)
vit_base_patch16_224 = _add("vit_base_patch16_224", patch_size=16, **_BASE)
vit_base_patch16_384 = _add("vit_base_patch16_384", vit_base_patch16_224, img_size=384)
vit_base_patch32_224 = _add("vit_base_patch32_224", patch_size=32, **_BASE)
vit_base_patch32_384 = _add("vit_base_patch32_384", vit_base_patch32_224, img_size=384)

# DeiT under timm's names: the same networks, the distilled ones with a second token and head.
deit_tiny_patch16_224 = _add("deit_tiny_patch16_224", vit_tiny_patch16_224)
deit_small_patch16_224 = _add("deit_small_patch16_224", vit_small_patch16_224)
deit_base_patch16_224 = _add("deit_base_patch16_224", vit_base_patch16_224)
deit_base_patch16_384 = _add("deit_base_patch16_384", vit_base_patch16_384)
deit_tiny_distilled_patch16_224 = _add("deit_tiny_distilled_patch16_224", vit_tiny_patch16_224, distilled=True)
deit_small_distilled_patch16_224 = _add("deit_small_distilled_patch16_224", vit_small_patch16_224, distilled=True)
deit_base_distilled_patch16_224 = _add("deit_base_distilled_patch16_224", vit_base_patch16_224, distilled=True)
deit_base_distilled_patch16_384 = _add("deit_base_distilled_patch16_384", vit_base_patch16_384, distilled=True)
