"""MMPretrain's vision transformer (Dosovitskiy et al. 2021, arXiv:2010.11929), with its options and weights' names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.backbones.base_backbone import BaseBackbone, check_frozen, drop_path_rates, stage_indices
from polynet.models.backbones.encoder_layer import TransformerEncoderLayer
from polynet.models.backbones.transformer_arch import TransformerArch, transformer_arch
from polynet.models.base_module import ModuleList
from polynet.models.bricks.convolution import pair
from polynet.models.bricks.drawing import draw_parameters
from polynet.models.bricks.layer_config import LayerConfig
from polynet.models.bricks.normalisation import build_norm
from polynet.models.bricks.patch_embed import PatchEmbed
from polynet.models.bricks.position import resize_pos_embed
from polynet.nn.initialisers import TruncatedNormal
from polynet.registry import BACKBONES
from polynet.types import Tensor

LAYER_NORM: LayerConfig = {"type": "LN", "eps": 1e-6}
OUT_TYPES = ("raw", "cls_token", "featmap", "avg_featmap")


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.VisionTransformer")
class VisionTransformer(BaseBackbone):
    """A transformer encoder over patches of an image.

    Its parts may be used by a subclass's own `forward`: `patch_embed(x)` gives tokens and their grid, `cls_token`,
    `pos_embed`, `layers`, and the final normalisation `norm1`.

    Args:
        arch: A name such as `"base"`, `"large"` or `"deit-tiny"`, or a mapping with `embed_dims`, `num_layers`,
            `num_heads` and `feedforward_channels`.
        img_size: Side of the images expected, or height and width; others are taken too, by resizing the embedding of
            positions.
        patch_size: Side of a patch, or both sides.
        in_channels: Channels of the images.
        out_indices: Layers whose outputs are returned; -1 is the last.
        drop_rate: Probability of dropping a feature.
        drop_path_rate: Probability of dropping the last layer's branches; earlier ones are dropped proportionally less.
        qkv_bias: Whether queries, keys and values have biases.
        norm_cfg: Normalisations.
        final_norm: Whether to normalise the last layer's output.
        out_type: What is returned: `"raw"`, all tokens; `"cls_token"`, the class token; `"featmap"`, a map
            `(N, C, H, W)`; `"avg_featmap"`, the normalised mean over patches.
        with_cls_token: Whether there is a class token.
        frozen_stages: Embeddings and layers up to this one are not trained; -1 or 0 for none.
        interpolate_mode: How the embedding of positions is resized.
        layer_scale_init_value: Where scales of the branches start; 0 for none.
        patch_cfg: Options of `PatchEmbed`.
        layer_cfgs: Options of the layers, for all or each.
        pre_norm: Whether to normalise before the first layer.
        init_cfg: How weights start; see `BaseModule`.

    Raises:
        UnknownNameError: There is no such architecture.
        OptionError: Options that do not fit together.

    Source: MMPretrain, `VisionTransformer`.

    Example:
        >>> arch = {"embed_dims": 16, "num_layers": 2, "num_heads": 2, "feedforward_channels": 32}
        >>> with polynet.use_backend("torch"):
        ...     net = VisionTransformer(arch, img_size=16, patch_size=4, out_type="featmap", out_indices=[0, -1])
        >>> [tuple(out.shape) for out in net(ops.ones((1, 3, 16, 16)))]
        [(1, 16, 4, 4), (1, 16, 4, 4)]
    """

    num_extra_tokens = 1
    cls_token: Any
    pos_embed: Any

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "base",
        img_size: Any = 224,
        patch_size: Any = 16,
        in_channels: int = 3,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        norm_cfg: LayerConfig = LAYER_NORM,
        final_norm: bool = True,
        out_type: str = "cls_token",
        with_cls_token: bool = True,
        frozen_stages: int = -1,
        interpolate_mode: str = "bicubic",
        layer_scale_init_value: float = 0.0,
        patch_cfg: Mapping[str, Any] | None = None,
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        pre_norm: bool = False,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        owner = type(self).__name__
        settings = transformer_arch(owner, arch)
        _check_output(owner, out_type, with_cls_token)
        self.arch_settings = settings.as_dict()
        self.embed_dims = self.out_channels = settings.embed_dims
        self.num_layers = settings.num_layers
        self.img_size = pair(img_size)
        self.out_type = out_type
        self.with_cls_token = with_cls_token
        self.interpolate_mode = interpolate_mode
        self.out_indices = stage_indices(owner, out_indices, self.num_layers)
        self.frozen_stages = check_frozen(owner, frozen_stages, -1, self.num_layers)
        self.final_norm = final_norm
        self.patch_embed = PatchEmbed(
            **{
                "in_channels": in_channels,
                "input_size": img_size,
                "embed_dims": self.embed_dims,
                "kernel_size": patch_size,
                "stride": patch_size,
                # What precedes a normalisation needs no bias.
                "bias": not pre_norm,
                **(patch_cfg or {}),
            }
        )
        resolution = self.patch_embed.init_out_size
        if resolution is None:
            message = (
                "VisionTransformer: patch_cfg leaves out input_size, without which there are no positions to embed."
            )
            raise OptionError(message)
        self.patch_resolution = resolution
        self.num_patches = self.patch_resolution[0] * self.patch_resolution[1]
        self.cls_token = nn.Parameter(np.zeros((1, 1, self.embed_dims), np.float32)) if with_cls_token else None
        if not with_cls_token:
            self.num_extra_tokens = 0
        positions = self.num_patches + self.num_extra_tokens
        self.pos_embed = nn.Parameter(np.zeros((1, positions, self.embed_dims), np.float32))
        self.drop_after_pos = nn.Dropout(drop_rate)
        common = {
            "layer_scale_init_value": layer_scale_init_value,
            "drop_rate": drop_rate,
            "qkv_bias": qkv_bias,
            "norm_cfg": norm_cfg,
        }
        self.layers = self._make_layers(settings, common, drop_path_rate, layer_cfgs)
        self.pre_norm = build_norm(norm_cfg, self.embed_dims) if pre_norm else None
        if final_norm:
            self.ln1 = build_norm(norm_cfg, self.embed_dims)
        if out_type == "avg_featmap":
            self.ln2 = build_norm(norm_cfg, self.embed_dims)
        self._freeze_stages()

    def _make_layers(
        self, settings: TransformerArch, common: Mapping[str, Any], drop_path_rate: float, layer_cfgs: Any
    ) -> Any:
        layer_cfgs = layer_cfgs or {}
        own = [layer_cfgs] * self.num_layers if isinstance(layer_cfgs, Mapping) else layer_cfgs
        if len(own) != self.num_layers:
            message = f"{type(self).__name__}: layer_cfgs has {len(own)} entries for {self.num_layers} layers."
            raise OptionError(message)
        return ModuleList(
            [
                TransformerEncoderLayer(
                    **{
                        "embed_dims": settings.embed_dims,
                        "num_heads": settings.num_heads,
                        "feedforward_channels": settings.feedforward_channels,
                        "drop_path_rate": rate,
                        **common,
                        **options,
                    }
                )
                for rate, options in zip(drop_path_rates(drop_path_rate, self.num_layers), own, strict=True)
            ]
        )

    @property
    def norm1(self) -> Any:
        """The final normalisation."""
        return self.ln1

    @property
    def norm2(self) -> Any:
        """The normalisation of the mean over patches."""
        return self.ln2

    def frozen_parts(self) -> Iterable[Any]:
        """Embeddings, and as many layers as `frozen_stages` says; the final normalisation after all of them."""
        if self.frozen_stages <= 0:
            return
        yield from (self.pos_embed, self.cls_token, self.drop_after_pos, self.patch_embed, self.pre_norm)
        yield from self.layers[: self.frozen_stages]
        if self.frozen_stages == self.num_layers:
            yield from (getattr(self, name, None) for name in ("ln1", "ln2"))

    def init_weights(self) -> None:
        """Draw by `init_cfg`, then the embedding of positions, unless weights were loaded."""
        super().init_weights()
        if not self.loads_checkpoint:
            draw_parameters(self, pos_embed=TruncatedNormal(0.02))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Outputs of the layers in `out_indices`, of images `(N, in_channels, H, W)`."""
        x, grid = self.patch_embed(x)
        if self.cls_token is not None:
            x = ops.cat((ops.expand(self.cls_token, (x.shape[0], -1, -1)), x), 1)
        x = x + resize_pos_embed(
            self.pos_embed, self.patch_resolution, grid, self.interpolate_mode, self.num_extra_tokens
        )
        return self.forward_layers(x, grid)

    def forward_layers(self, x: Tensor, grid: tuple[int, int]) -> tuple[Tensor, ...]:
        """Outputs of the layers in `out_indices`, of tokens that know their positions."""
        x = self.drop_after_pos(x)
        if self.pre_norm is not None:
            x = self.pre_norm(x)
        outs = []
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index == self.num_layers - 1 and self.final_norm:
                x = self.ln1(x)
            if index in self.out_indices:
                outs.append(self._format_output(x, grid))
        return tuple(outs)

    def _format_output(self, x: Tensor, grid: tuple[int, int]) -> Tensor:
        if self.out_type == "raw":
            return x
        if self.out_type == "cls_token":
            return x[:, 0]
        patches = x[:, self.num_extra_tokens :]
        if self.out_type == "featmap":
            return ops.permute(ops.reshape(patches, (x.shape[0], *grid, x.shape[2])), (0, 3, 1, 2))
        return self.ln2(ops.mean(patches, 1))


def _check_output(owner: str, out_type: str, with_cls_token: bool) -> None:
    if out_type not in OUT_TYPES:
        message = f"{owner}: out_type is {', '.join(map(repr, OUT_TYPES))}, not {out_type!r}."
        raise OptionError(message)
    if out_type == "cls_token" and not with_cls_token:
        message = f"{owner}: out_type 'cls_token' needs with_cls_token=True; without it choose another out_type."
        raise OptionError(message)
