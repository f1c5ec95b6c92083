"""The encoder of MaskFeat (Wei et al. 2022, arXiv:2112.09133)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.models.backbones.vision_transformer import LAYER_NORM, VisionTransformer
from polynet.models.bricks.drawing import draw_parameters
from polynet.models.bricks.layer_config import LayerConfig
from polynet.nn.initialisers import Constant, TruncatedNormal
from polynet.registry import BACKBONES
from polynet.types import Tensor


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.MaskFeatViT")
class MaskFeatViT(VisionTransformer):
    """A vision transformer in which a trained token takes the place of patches that are hidden.

    Args:
        arch: See `VisionTransformer`, as all of the following.
        img_size: Side of the images.
        patch_size: Side of a patch.
        out_indices: Layers whose outputs are returned, without a mask.
        drop_rate: Probability of dropping a feature.
        drop_path_rate: Probability of dropping the last layer's branches.
        norm_cfg: Normalisations.
        final_norm: Whether to normalise the last layer's output.
        out_type: What is returned, without a mask.
        interpolate_mode: How the embedding of positions is resized, without a mask.
        patch_cfg: Options of `PatchEmbed`.
        layer_cfgs: Options of the layers.
        init_cfg: How weights start; see `BaseModule`.

    Source: MMPretrain, `MaskFeatViT`.

    Example:
        >>> arch = {"embed_dims": 16, "num_layers": 2, "num_heads": 2, "feedforward_channels": 32}
        >>> with polynet.use_backend("torch"):
        ...     net = MaskFeatViT(arch, img_size=16, patch_size=4)
        >>> tuple(net(ops.ones((1, 3, 16, 16)), ops.zeros((1, 16))).shape)
        (1, 17, 16)
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "b",
        img_size: Any = 224,
        patch_size: Any = 16,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: LayerConfig = LAYER_NORM,
        final_norm: bool = True,
        out_type: str = "raw",
        interpolate_mode: str = "bicubic",
        patch_cfg: Mapping[str, Any] | None = None,
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_size=patch_size,
            out_indices=out_indices,
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            norm_cfg=norm_cfg,
            final_norm=final_norm,
            out_type=out_type,
            with_cls_token=True,
            interpolate_mode=interpolate_mode,
            patch_cfg=patch_cfg,
            layer_cfgs=layer_cfgs,
            init_cfg=init_cfg,
        )
        self.mask_token = nn.Parameter(np.zeros((1, 1, self.embed_dims), np.float32))

    def init_weights(self) -> None:
        """Draw as any vision transformer, then all of it anew by truncated normals, unless weights were loaded."""
        super().init_weights()
        if self.loads_checkpoint:
            return
        narrow = TruncatedNormal(0.02)
        draw_parameters(self, cls_token=narrow, mask_token=narrow, pos_embed=narrow)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                draw_parameters(layer, weight=narrow, bias=Constant(0.0))
            elif isinstance(layer, nn.Conv2d):
                draw_parameters(layer, weight=narrow)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Any:
        """Features of images of which some patches are hidden.

        Args:
            x: Images `(N, in_channels, H, W)`.
            mask: `(N, L)`, 1 or `True` where a patch is hidden; `None` for none.

        Returns:
            With a mask, tokens `(N, 1 + L, C)`, the class token's first. Without, what `VisionTransformer` returns.
        """
        if mask is None:
            return super().forward(x)
        x = self.patch_embed(x)[0]
        hidden = ops.unsqueeze(ops.to(mask, dtype="float32"), 2)
        x = x * (1 - hidden) + self.mask_token * hidden
        x = ops.cat((ops.expand(self.cls_token, (x.shape[0], -1, -1)), x), 1) + self.pos_embed
        x = self.drop_after_pos(x)
        for layer in self.layers:
            x = layer(x)
        return self.norm1(x) if self.final_norm else x
