"""Reductions in torch: its own functions, and adapters where they take no `dim=None`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

sum = torch.sum
mean = torch.mean
var = torch.var
std = torch.std
amax = torch.amax
amin = torch.amin
any = torch.any
all = torch.all
cumsum = torch.cumsum
norm = torch.linalg.vector_norm


def prod(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """`torch.prod`; over all elements it is that of the flat tensor."""
    return _whole(torch.prod(input), input, keepdim) if dim is None else torch.prod(input, dim, keepdim)


def max(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """`torch.max`: a tensor over all elements, a pair along an axis."""
    return _whole(torch.max(input), input, keepdim) if dim is None else torch.max(input, dim, keepdim)


def min(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """`torch.min`: a tensor over all elements, a pair along an axis."""
    return _whole(torch.min(input), input, keepdim) if dim is None else torch.min(input, dim, keepdim)


def logsumexp(input: Any, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Any:
    """`torch.logsumexp`, which wants its axes named; over all elements it is that of the flat tensor."""
    if dim is None:
        return _whole(torch.logsumexp(torch.flatten(input), 0), input, keepdim)
    return torch.logsumexp(input, dim, keepdim)


def _whole(result: Any, input: Any, keepdim: bool) -> Any:
    return result.reshape((1,) * input.ndim) if keepdim else result
