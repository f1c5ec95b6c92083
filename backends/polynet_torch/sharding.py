"""Tensors of which each process holds a part (`torch.distributed.tensor.DTensor`), as whole ones.

What is asked here of a tensor that is spread over processes, every process must ask, in the same order.
"""

from __future__ import annotations

import torch


def is_spread(tensor: torch.Tensor) -> bool:
    """Whether a tensor is spread over processes; asked without importing torch's distributed tensors."""
    return hasattr(tensor, "full_tensor")


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """All of a tensor, gathered from all processes where it is spread over them."""
    if not is_spread(tensor):
        return tensor
    gathered: torch.Tensor = tensor.full_tensor()
    return gathered


def spread_like(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """This process's part of a tensor that every process holds whole, spread as another tensor is; without messages."""
    if not is_spread(like):
        return tensor
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(like, DTensor)
    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None)
