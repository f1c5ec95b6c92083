"""Vision transformer; DeiT, which adds a distillation token; and DeiT-3, which scales the residual branches.

ViT: Dosovitskiy et al. 2021, arXiv:2010.11929. DeiT: Touvron et al. 2021, arXiv:2012.12877. DeiT-3: Touvron et al.
2022, arXiv:2204.07118. Names of BaseCls's networks, their options and the weights' names are BaseCls's, the initial
values timm's as BaseCls has them; what goes beyond is named as in timm.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError, suggest
from polynet.models.blocks.image_size import check_depth, image_size
from polynet.models.blocks.normalisation import token_norm
from polynet.models.blocks.transformer import EncoderBlock, PatchEmbed
from polynet.models.network import ImageNetwork, Name
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, FanInUniform, KaimingUniform, TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import NETWORKS
from polynet.types import Tensor

_POOLS = ("token", "avg")
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
            *((name, TruncatedNormal(0.02)) for name in ("cls_token", "dist_token", "reg_token", "pos_embed")),
            ("patch_embed.proj.bias", FanInUniform()),
            *hidden,
        ),
    )


@NETWORKS.register()
class ViT(ImageNetwork):
    """A transformer encoder over patches of an image; the head sees the class token, or the mean of the patches'.

    Its stages are its blocks; a stage's map holds the patches' tokens alone, as that block returns them: the final
    normalisation belongs to `forward_features`.

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
        class_token: Whether there is a class token.
        reg_tokens: Tokens beside it that belong to no patch (Darcet et al. 2024, arXiv:2309.16588).
        no_embed_class: Positions are added to the patches alone, not to the tokens before them.
        global_pool: What the head sees: `"token"`, the class token, or `"avg"`, the mean of the patches' tokens.
        fc_norm: Normalise the mean of the tokens instead of each token; with `"avg"` by default.
        pre_norm: Normalise the tokens before the first block; the patches' convolution then has no bias.
        init_values: What the factors of the residual branches' features start at; no such factors by default.
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
        class_token: bool = True,
        reg_tokens: int = 0,
        no_embed_class: bool = False,
        global_pool: str = "token",
        fc_norm: bool | None = None,
        pre_norm: bool = False,
        init_values: float | None = None,
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
        check_depth("ViT", depth)
        _check_tokens(class_token, reg_tokens, global_pool, distilled, representation_size)
        self.fixed_size = image_size("ViT", img_size, patch_size)
        self.input_size = (in_channels, *self.fixed_size)
        self.grid_size = (self.fixed_size[0] // patch_size, self.fixed_size[1] // patch_size)
        self.num_tokens = int(class_token) + int(distilled) + reg_tokens
        self.distilled_training = distilled_training
        self.global_pool = global_pool
        self.no_embed_class = no_embed_class
        patches = self.grid_size[0] * self.grid_size[1]
        self.cls_token = _tokens(1, embed_dim) if class_token else None
        self.dist_token = _tokens(1, embed_dim) if distilled else None
        self.reg_token = _tokens(reg_tokens, embed_dim) if reg_tokens else None
        self.pos_embed = _tokens(patches if no_embed_class else patches + self.num_tokens, embed_dim)
        self.patch_embed = PatchEmbed(patch_size, in_channels, embed_dim, bias=not pre_norm)
        self.pos_drop = nn.Dropout(drop_rate) if drop_rate else None
        self.norm_pre = token_norm(norm_name, embed_dim, eps=norm_eps) if pre_norm else None
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
                    init_values=init_values,
                )
                for index in range(depth)
            ]
        )
        pooled_norm = global_pool == "avg" if fc_norm is None else fc_norm
        self.norm = None if pooled_norm else token_norm(norm_name, embed_dim, eps=norm_eps)
        self.fc_norm = token_norm(norm_name, embed_dim, eps=norm_eps) if pooled_norm else None
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
        given = (self.cls_token, self.dist_token, self.reg_token)
        before = [ops.expand(token, (x.shape[0], -1, -1)) for token in given if token is not None]
        if self.no_embed_class:
            x = x + self.pos_embed
        if before:
            x = ops.cat([*before, x], 1)
        if not self.no_embed_class:
            x = x + self.pos_embed
        if self.pos_drop is not None:
            x = self.pos_drop(x)
        return x if self.norm_pre is None else self.norm_pre(x)

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """One block."""
        return self.blocks[index](x)

    def forward_features(self, x: Tensor) -> Tensor:
        """Normalised tokens `(N, L, embed_dim)`, the class token first; with `fc_norm` they are not normalised yet."""
        self.check_input(x)
        x = self.blocks(self.forward_stem(x))
        return x if self.norm is None else self.norm(x)

    def stage_map(self, x: Tensor) -> Tensor:
        """The patches' tokens as a map."""
        height, width = self.grid_size
        patches = ops.transpose(x[:, self.num_tokens :], 1, 2)
        return ops.unflatten(patches, 2, (height, width))

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Any:
        """Logits of normalised tokens.

        Args:
            x: What `forward_features` returned.
            pre_logits: Return what the head is given: the class token or the mean of the patches' tokens, through the
                representation layer where there is one. With distillation it is the mean of both tokens.

        Returns:
            `(N, num_classes)`; a pair of them with `distilled_training` while training.
        """
        if type(x) is not self._tensor_type:
            self._check_framework(x)
        if self.dist_token is not None:
            return self._forward_distilled(x, pre_logits)
        token = x[:, 0] if self.global_pool == "token" else ops.mean(x[:, self.num_tokens :], 1)
        if self.fc_norm is not None:
            token = self.fc_norm(token)
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


def _tokens(count: int, width: int) -> Any:
    return nn.Parameter(np.zeros((1, count, width), np.float32))


def _check_tokens(
    class_token: bool, reg_tokens: int, global_pool: str, distilled: bool, representation_size: int | None
) -> None:
    """Refuse tokens and a head that do not fit together.

    Raises:
        OptionError: They do not fit, or are none.
    """
    if distilled and representation_size:
        message = "ViT: distilled and representation_size exclude each other; DeiT has no representation layer."
        raise OptionError(message)
    if isinstance(reg_tokens, bool) or not isinstance(reg_tokens, int) or reg_tokens < 0:
        message = f"ViT: reg_tokens must be a whole number of at least 0, not {reg_tokens!r}."
        raise OptionError(message)
    if global_pool not in _POOLS:
        message = f"ViT: global_pool is 'token' or 'avg', not {global_pool!r}.{suggest(str(global_pool), _POOLS)}"
        raise OptionError(message)
    if not class_token and (distilled or global_pool == "token"):
        message = "ViT: without class_token the head must see the mean of the patches: global_pool='avg', no distilled."
        raise OptionError(message)
    if distilled and (global_pool != "token" or reg_tokens):
        message = "ViT: distilled has two heads, on two tokens: it excludes global_pool='avg' and reg_tokens."
        raise OptionError(message)


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

# The rows above are BaseCls's, whose eps is 1e-5; those below are timm's, whose eps is 1e-6.
_LARGE: dict[str, Any] = {"embed_dim": 1024, "depth": 24, "num_heads": 16, "drop_path_rate": 0.1, "norm_eps": 1e-6}
_HUGE: dict[str, Any] = {"embed_dim": 1280, "depth": 32, "num_heads": 16, "drop_path_rate": 0.1, "norm_eps": 1e-6}

vit_small_patch8_224 = _add("vit_small_patch8_224", patch_size=8, norm_eps=1e-6, **_SMALL)
vit_base_patch8_224 = _add("vit_base_patch8_224", patch_size=8, norm_eps=1e-6, **_BASE)
vit_large_patch32_224 = _add("vit_large_patch32_224", patch_size=32, **_LARGE)
vit_large_patch32_384 = _add("vit_large_patch32_384", vit_large_patch32_224, img_size=384)
vit_large_patch16_224 = _add("vit_large_patch16_224", patch_size=16, **_LARGE)
vit_large_patch16_384 = _add("vit_large_patch16_384", vit_large_patch16_224, img_size=384)
vit_large_patch14_224 = _add("vit_large_patch14_224", patch_size=14, **_LARGE)
vit_huge_patch14_224 = _add("vit_huge_patch14_224", patch_size=14, **_HUGE)
_GIANT: dict[str, Any] = {"embed_dim": 1408, "depth": 40, "ffn_ratio": 48 / 11}
vit_giant_patch14_224 = _add("vit_giant_patch14_224", vit_huge_patch14_224, **_GIANT)
_GIGANTIC: dict[str, Any] = {"embed_dim": 1664, "depth": 48, "ffn_ratio": 64 / 13}
vit_gigantic_patch14_224 = _add("vit_gigantic_patch14_224", vit_huge_patch14_224, **_GIGANTIC)

# The image towers of CLIP (Radford et al. 2021, arXiv:2103.00020) with timm's classifier; their eps is 1e-5.
_CLIP: dict[str, Any] = {"pre_norm": True, "norm_eps": 1e-5}
vit_base_patch32_clip_224 = _add("vit_base_patch32_clip_224", vit_base_patch32_224, **_CLIP)
vit_base_patch16_clip_224 = _add("vit_base_patch16_clip_224", vit_base_patch16_224, **_CLIP)
vit_large_patch14_clip_224 = _add("vit_large_patch14_clip_224", vit_large_patch14_224, **_CLIP)

# DeiT: the networks above with timm's eps, the distilled ones with a second token and head.
_DISTILLED: dict[str, Any] = {"distilled": True}
deit_tiny_patch16_224 = _add("deit_tiny_patch16_224", vit_tiny_patch16_224, norm_eps=1e-6)
deit_small_patch16_224 = _add("deit_small_patch16_224", vit_small_patch16_224, norm_eps=1e-6)
deit_base_patch16_224 = _add("deit_base_patch16_224", vit_base_patch16_224, norm_eps=1e-6)
deit_base_patch16_384 = _add("deit_base_patch16_384", deit_base_patch16_224, img_size=384)
deit_tiny_distilled_patch16_224 = _add("deit_tiny_distilled_patch16_224", deit_tiny_patch16_224, **_DISTILLED)
deit_small_distilled_patch16_224 = _add("deit_small_distilled_patch16_224", deit_small_patch16_224, **_DISTILLED)
deit_base_distilled_patch16_224 = _add("deit_base_distilled_patch16_224", deit_base_patch16_224, **_DISTILLED)
deit_base_distilled_patch16_384 = _add("deit_base_distilled_patch16_384", deit_base_patch16_384, **_DISTILLED)

_DEIT3: dict[str, Any] = {"no_embed_class": True, "init_values": 1e-6}
_MEDIUM: dict[str, Any] = {"embed_dim": 512, "num_heads": 8}
deit3_small_patch16_224 = _add("deit3_small_patch16_224", deit_small_patch16_224, **_DEIT3)
deit3_small_patch16_384 = _add("deit3_small_patch16_384", deit3_small_patch16_224, img_size=384)
deit3_medium_patch16_224 = _add("deit3_medium_patch16_224", deit3_small_patch16_224, **_MEDIUM)
deit3_base_patch16_224 = _add("deit3_base_patch16_224", deit_base_patch16_224, **_DEIT3)
deit3_base_patch16_384 = _add("deit3_base_patch16_384", deit3_base_patch16_224, img_size=384)
deit3_large_patch16_224 = _add("deit3_large_patch16_224", vit_large_patch16_224, **_DEIT3)
deit3_large_patch16_384 = _add("deit3_large_patch16_384", deit3_large_patch16_224, img_size=384)
deit3_huge_patch14_224 = _add("deit3_huge_patch14_224", vit_huge_patch14_224, **_DEIT3)
