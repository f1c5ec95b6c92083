"""The head of masked autoencoders (He et al. 2022, arXiv:2111.06377)."""

from __future__ import annotations

import math
from typing import Any

from polynet import ops
from polynet.errors import InputError
from polynet.models.base_module import BaseModule
from polynet.models.heads.mm_cls_head import check_width
from polynet.registry import HEADS, build_part
from polynet.types import Tensor


@HEADS.register
class MAEPretrainHead(BaseModule):
    """Compares predicted patches with those of the images.

    Args:
        loss: The loss, called with prediction, target and mask: a config, a name or a module.
        norm_pix: Whether the pixels of each patch are normalised first, with their unbiased variance.
        patch_size: Side of a patch, in pixels.
        in_channels: Channels of the images.

    Source: MMPretrain, `MAEPretrainHead`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = MAEPretrainHead({"type": "PixelReconstructionLoss", "criterion": "L2"}, patch_size=2)
        >>> tuple(head.patchify(ops.ones((1, 3, 4, 4))).shape)
        (1, 4, 12)
    """

    def __init__(self, loss: Any, norm_pix: bool = False, patch_size: int = 16, in_channels: int = 3) -> None:
        super().__init__()
        check_width("MAEPretrainHead", patch_size=patch_size, in_channels=in_channels)
        self.norm_pix = norm_pix
        self.patch_size = patch_size
        self.in_channels = in_channels
        self.loss_module = build_part("loss", loss, "loss")

    def patchify(self, imgs: Tensor) -> Tensor:
        """Cut square images `(N, C, H, W)` into patches `(N, H * W / p^2, p^2 * C)`, the channels of a pixel together.

        Raises:
            InputError: They are not square, their side is no multiple of the patch's, or they have other channels.
        """
        p, channels = self.patch_size, self.in_channels
        shape = tuple(imgs.shape)
        if len(shape) != 4 or shape[1] != channels or shape[2] != shape[3] or shape[2] % p:
            message = (
                f"MAEPretrainHead cuts square images (N, {channels}, S, S) into patches, S a multiple of patch_size "
                f"{p}; it was given {shape}."
            )
            raise InputError(message)
        side = shape[2] // p
        x = ops.permute(ops.reshape(imgs, (shape[0], channels, side, p, side, p)), (0, 2, 4, 3, 5, 1))
        return ops.reshape(x, (shape[0], side * side, p * p * channels))

    def unpatchify(self, x: Tensor) -> Tensor:
        """Put patches `(N, L, p^2 * C)` together into images `(N, C, H, W)`.

        Raises:
            InputError: Their number is no square, or their size another.
        """
        p, channels = self.patch_size, self.in_channels
        count, length, width = tuple(x.shape)
        side = math.isqrt(length)
        if side * side != length or width != p * p * channels:
            message = (
                f"MAEPretrainHead puts (N, S * S, {p * p * channels}) patches together; it was given {tuple(x.shape)}."
            )
            raise InputError(message)
        x = ops.permute(ops.reshape(x, (count, side, side, p, p, channels)), (0, 5, 1, 3, 2, 4))
        return ops.reshape(x, (count, channels, side * p, side * p))

    def construct_target(self, target: Tensor) -> Tensor:
        """What is to be predicted of images `(N, C, H, W)`: their patches, normalised with `norm_pix`."""
        patches = self.patchify(target)
        if not self.norm_pix:
            return patches
        mean = ops.mean(patches, dim=-1, keepdim=True)
        variance = ops.var(patches, dim=-1, keepdim=True)
        return (patches - mean) / ops.sqrt(variance + 1e-6)

    def loss(self, pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """The loss of predicted patches.

        Args:
            pred: `(N, L, p^2 * C)`.
            target: The images.
            mask: `(N, L)`, 1 where a patch was hidden.
        """
        return self.loss_module(pred, self.construct_target(target), mask)

    def forward(self, pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """The loss, as `loss` gives it."""
        return self.loss(pred, target, mask)
