"""Tensors of which each process holds a part (`torch.distributed.tensor.DTensor`), as whole ones.

What is asked here of a tensor that is spread over processes, every process must ask, in the same order.
"""

from __future__ import annotations

import copy
from collections import OrderedDict

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


def own_part(tensor: torch.Tensor) -> torch.Tensor:
    """The part of a tensor that this process holds, in the same memory; all of one that is not spread."""
    if not is_spread(tensor):
        return tensor
    part: torch.Tensor = tensor.to_local()
    return part


def spread_like(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """This process's part of a tensor that every process holds whole, spread as another tensor is; without messages."""
    if not is_spread(like):
        return tensor
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(like, DTensor)
    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def copied(module: torch.nn.Module) -> torch.nn.Module:
    """A deep copy, its tensors spread as the original's are, that gathers nothing: FSDP2 refuses to be copied itself.

    What FSDP2 added to the modules (a class, hooks, a state) is taken off while they are copied.
    """
    sharded = [
        each for each in module.modules() if type(each).__name__.startswith("FSDP") and len(type(each).mro()) > 3
    ]
    kept = [(each, type(each), dict(vars(each))) for each in sharded]
    try:
        for each in sharded:
            each.__class__ = type(each).__bases__[-1]
            for name, value in dict(vars(each)).items():
                if name.startswith("__composable_api"):
                    del vars(each)[name]
                elif name.startswith("_forward") and isinstance(value, dict):
                    own = {key: hook for key, hook in value.items() if "torch.distributed" not in _home(hook)}
                    vars(each)[name] = OrderedDict(own)
        return copy.deepcopy(module)
    finally:
        for each, kind, attributes in kept:
            vars(each).clear()
            vars(each).update(attributes)
            each.__class__ = kind


def _home(hook: object) -> str:
    return str(getattr(hook, "__module__", ""))
