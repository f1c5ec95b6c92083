"""Indexing in torch: its own functions; classes may be int32 as well as int64."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

gather = torch.gather
scatter = torch.scatter
scatter_add = torch.scatter_add
index_select = torch.index_select
where = torch.where
masked_fill = torch.masked_fill
topk = torch.topk
sort = torch.sort
argsort = torch.argsort
argmax = torch.argmax
argmin = torch.argmin
nonzero = torch.nonzero
tril = torch.tril
triu = torch.triu


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """`torch.nn.functional.one_hot`, which takes int64 only; fractions are left for it to refuse."""
    # torch.fx traces with stand-ins, which have no dtype to look at.
    if isinstance(tensor, torch.Tensor) and tensor.dtype.is_floating_point:
        return F.one_hot(tensor, num_classes)
    return F.one_hot(tensor.long(), num_classes)
