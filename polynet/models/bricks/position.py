"""Positions of patches: fixed encodings, and resizing of learned ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet import ops
from polynet.errors import InputError, OptionError
from polynet.types import Tensor


def resize_pos_embed(
    pos_embed: Tensor,
    src_shape: Sequence[int],
    dst_shape: Sequence[int],
    mode: str = "bicubic",
    num_extra_tokens: int = 1,
) -> Tensor:
    """Resize the embedding of a grid of positions for images of another size.

    Args:
        pos_embed: `(1, num_extra_tokens + height · width, C)`.
        src_shape: Height and width of its grid.
        dst_shape: Height and width wanted; the tensor itself is returned where they are the same.
        mode: How to interpolate: `"nearest"`, `"bilinear"` or `"bicubic"`.
        num_extra_tokens: Tokens before the grid's, which stay.

    Raises:
        InputError: The tensor has another number of positions.

    Source: MMPretrain, `resize_pos_embed`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     tuple(resize_pos_embed(ops.ones((1, 5, 8)), (2, 2), (4, 3)).shape)
        (1, 13, 8)
    """
    if tuple(src_shape) == tuple(dst_shape):
        return pos_embed
    height, width = src_shape
    if len(pos_embed.shape) != 3 or pos_embed.shape[1] != height * width + num_extra_tokens:
        message = (
            f"resize_pos_embed: an embedding of {height} x {width} positions and {num_extra_tokens} more tokens is "
            f"(1, {height * width + num_extra_tokens}, C), not {tuple(pos_embed.shape)}."
        )
        raise InputError(message)
    grid = ops.reshape(pos_embed[:, num_extra_tokens:], (1, height, width, pos_embed.shape[2]))
    align = None if mode == "nearest" else False
    grid = ops.interpolate(ops.permute(grid, (0, 3, 1, 2)), size=tuple(dst_shape), mode=mode, align_corners=align)
    grid = ops.transpose(ops.flatten(grid, 2), 1, 2)
    return ops.cat((pos_embed[:, :num_extra_tokens], grid), 1) if num_extra_tokens else grid


def sincos_position_embedding(
    patches_resolution: int | Sequence[int], embed_dims: int, temperature: float = 10000.0, cls_token: bool = False
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Sines and cosines of each patch's place, `(1, height · width, embed_dims)`; a zero row first for a class token.

    Args:
        patches_resolution: Patches along height and width, or one number for both.
        embed_dims: Width; a multiple of 4.
        temperature: Wavelength of the slowest wave, in patches, over 2 pi.
        cls_token: Whether to add a row for a class token.

    Raises:
        OptionError: The width is no multiple of 4.

    Source: Chen et al. 2021, arXiv:2104.02057, as MMPretrain has it.

    Example:
        >>> sincos_position_embedding(2, 8, cls_token=True).shape
        (1, 5, 8)
    """
    if embed_dims % 4:
        message = f"An encoding by sines and cosines needs a width that is a multiple of 4, not {embed_dims}."
        raise OptionError(message)
    height, width = (patches_resolution,) * 2 if isinstance(patches_resolution, int) else patches_resolution
    rates = 1.0 / temperature ** (np.arange(embed_dims // 4) / (embed_dims // 4))
    down, across = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    angles = [place.reshape(-1, 1) * rates for place in (down, across)]
    rows = np.concatenate([wave(angle) for angle in angles for wave in (np.sin, np.cos)], 1)
    if cls_token:
        rows = np.concatenate([np.zeros((1, embed_dims)), rows])
    return np.asarray(rows[None], np.float32)
