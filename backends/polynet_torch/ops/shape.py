"""Rearranging tensors in torch: its own functions, and adapters where torch has only a method or wants a tuple."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

reshape = torch.reshape
flatten = torch.flatten
unflatten = torch.unflatten
permute = torch.permute
transpose = torch.transpose
cat = torch.cat
stack = torch.stack
split = torch.split
chunk = torch.chunk
unbind = torch.unbind
roll = torch.roll
tile = torch.tile
repeat_interleave = torch.repeat_interleave
unsqueeze = torch.unsqueeze
meshgrid = torch.meshgrid
pixel_shuffle = F.pixel_shuffle
pixel_unshuffle = F.pixel_unshuffle


def flip(input: Any, dims: int | Sequence[int]) -> Any:
    """`torch.flip`, which takes no single number."""
    return torch.flip(input, (dims,) if isinstance(dims, int) else dims)


def repeat(input: Any, repeats: Sequence[int]) -> Any:
    """`Tensor.repeat`, a method only."""
    return input.repeat(repeats)


def expand(input: Any, size: Sequence[int]) -> Any:
    """`Tensor.expand`, a method only."""
    return input.expand(size)


def squeeze(input: Any, dim: int | Sequence[int] | None = None) -> Any:
    """`torch.squeeze`, which takes no `None`."""
    if dim is None:
        return torch.squeeze(input)
    return torch.squeeze(input, dim if isinstance(dim, int) else tuple(dim))
