"""The encoder of masked autoencoders (He et al. 2022, arXiv:2111.06377)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet import ops
from polynet.backend import backend_of
from polynet.errors import InputError, OptionError
from polynet.models.backbones.vision_transformer import LAYER_NORM, VisionTransformer
from polynet.models.bricks.drawing import draw_parameters
from polynet.models.bricks.layer_config import LayerConfig
from polynet.models.bricks.position import sincos_position_embedding
from polynet.nn.initialisers import Normal, Uniform
from polynet.registry import BACKBONES
from polynet.types import Tensor


@BACKBONES.register()
@BACKBONES.register(name="mmpretrain.MAEViT")
class MAEViT(VisionTransformer):
    """A vision transformer that sees a random part of each image's patches.

    Which patches it sees is drawn by numpy from a generator of its own, `generator`, so that builds on different
    frameworks with the same seed see the same ones. The embedding of positions is fixed.

    Args:
        arch: See `VisionTransformer`, as all of the following but the last three.
        img_size: Side of the images.
        patch_size: Side of a patch.
        out_indices: Layers whose outputs are returned, without masks.
        drop_rate: Probability of dropping a feature.
        drop_path_rate: Probability of dropping the last layer's branches.
        norm_cfg: Normalisations.
        final_norm: Whether to normalise the last layer's output.
        out_type: What is returned, without masks.
        interpolate_mode: How the embedding of positions is resized, without masks.
        patch_cfg: Options of `PatchEmbed`.
        layer_cfgs: Options of the layers.
        mask_ratio: Share of the patches that are hidden.
        init_cfg: How weights start; see `BaseModule`.
        seed: Seed of `generator`; a fresh one by default.

    Raises:
        OptionError: The share is not at least 0 and less than 1.

    Source: MMPretrain, `MAEViT`.

    Example:
        >>> arch = {"embed_dims": 16, "num_layers": 2, "num_heads": 2, "feedforward_channels": 32}
        >>> with polynet.use_backend("torch"):
        ...     net = MAEViT(arch, img_size=16, patch_size=4, seed=0)
        >>> features, mask, ids_restore = net(ops.ones((2, 3, 16, 16)))
        >>> tuple(features.shape), mask.sum(1).tolist(), tuple(ids_restore.shape)
        ((2, 5, 16), [12.0, 12.0], (2, 16))
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
        mask_ratio: float = 0.75,
        init_cfg: Any = None,
        seed: int | None = None,
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
        self.pos_embed.requires_grad = False
        self.mask_ratio = _checked_ratio(mask_ratio)
        self.generator = np.random.default_rng(seed)

    def init_weights(self) -> None:
        """Draw as any vision transformer, then patches' and class token's embeddings; positions are sines and cosines.

        What a checkpoint loaded is left alone.
        """
        super().init_weights()
        if self.loads_checkpoint:
            return
        # Glorot and Bengio's rule for a matrix, as which the paper sees the convolution.
        kernel = self.patch_embed.projection.weight.shape
        limit = math.sqrt(6 / (kernel[0] + math.prod(kernel[1:])))
        draw_parameters(self.patch_embed.projection, weight=Uniform(-limit, limit))
        draw_parameters(self, cls_token=Normal(0.02))
        positions = sincos_position_embedding(self.patch_resolution, self.embed_dims, cls_token=True)
        backend_of(self).slots(self)["pos_embed"].write(positions)

    def random_masking(
        self, x: Tensor, mask_ratio: float = 0.75, noise: np.ndarray[Any, Any] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Hide a random part of the tokens.

        Args:
            x: Tokens `(N, L, C)`.
            mask_ratio: Share to be hidden; `int(L * (1 - mask_ratio))` are kept.
            noise: `(N, L)`: those with the least numbers are kept. By default drawn from `generator`.

        Returns:
            The tokens that are kept, `(N, kept, C)`, in the order of the noise; a mask `(N, L)`, 1 where a token is
            hidden and 0 where it is kept; and `(N, L)` numbers that, applied to the kept followed by the hidden ones,
            restore the order.

        Raises:
            OptionError: The share is not at least 0 and less than 1.
            InputError: The noise has another shape.

        Example:
            >>> arch = {"embed_dims": 8, "num_layers": 1, "num_heads": 1, "feedforward_channels": 8}
            >>> with polynet.use_backend("torch"):
            ...     net = MAEViT(arch, img_size=8, patch_size=4)
            >>> x = ops.ones((1, 4, 8))
            >>> kept, mask, restore = net.random_masking(x, 0.5, noise=np.array([[0.4, 0.1, 0.9, 0.3]]))
            >>> mask.tolist(), restore.tolist()
            ([[1.0, 0.0, 1.0, 0.0]], [[2, 0, 3, 1]])
        """
        batch, length, width = x.shape
        kept = int(length * (1 - _checked_ratio(mask_ratio)))
        if noise is None:
            noise = self.generator.random((batch, length), np.float32)
        if tuple(noise.shape) != (batch, length):
            message = f"random_masking: the noise of {batch} x {length} tokens has the shape {tuple(noise.shape)}."
            raise InputError(message)
        shuffled = np.argsort(noise, axis=1, kind="stable")
        restore = np.argsort(shuffled, axis=1, kind="stable")
        hidden = (restore >= kept).astype(np.float32)
        index = np.broadcast_to(shuffled[:, :kept, None], (batch, kept, width)).astype(np.int64)
        visible = ops.gather(x, 1, ops.tensor(np.ascontiguousarray(index), like=x, dtype="int64"))
        return visible, ops.tensor(hidden, like=x, dtype="float32"), ops.tensor(restore, like=x, dtype="int64")

    def forward(self, x: Tensor, mask: bool | None = True) -> Any:
        """Features of the patches that are not hidden.

        Args:
            x: Images `(N, in_channels, H, W)`.
            mask: Whether to hide patches; `None` and `False` both mean no.

        Returns:
            With masks, `(features, mask, ids_restore)`: features `(N, 1 + kept, C)`, the class token's first, and the
            rest as `random_masking` gives it. Without, what `VisionTransformer` returns.
        """
        if not mask:
            return super().forward(x)
        x = self.patch_embed(x)[0] + self.pos_embed[:, 1:]
        x, hidden, restore = self.random_masking(x, self.mask_ratio)
        token = self.cls_token + self.pos_embed[:, :1]
        x = ops.cat((ops.expand(token, (x.shape[0], -1, -1)), x), 1)
        for layer in self.layers:
            x = layer(x)
        return (self.norm1(x) if self.final_norm else x), hidden, restore


def _checked_ratio(ratio: Any) -> float:
    if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0 <= ratio < 1:
        message = f"mask_ratio is a number from 0 to less than 1, not {ratio!r}."
        raise OptionError(message)
    return ratio
