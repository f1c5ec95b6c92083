"""Loss functions in torch: its own; classes may be int32 as well as int64."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

binary_cross_entropy_with_logits = F.binary_cross_entropy_with_logits
mse_loss = F.mse_loss
l1_loss = F.l1_loss
smooth_l1_loss = F.smooth_l1_loss
kl_div = F.kl_div


def cross_entropy(input: Any, target: Any, weight: Any = None, **options: Any) -> Any:
    """`torch.nn.functional.cross_entropy`, whose classes are int64."""
    return F.cross_entropy(input, _classes(target), weight, **options)


def nll_loss(input: Any, target: Any, weight: Any = None, **options: Any) -> Any:
    """`torch.nn.functional.nll_loss`, whose classes are int64."""
    return F.nll_loss(input, _classes(target), weight, **options)


def _classes(target: Any) -> Any:
    return target.long() if target.dtype is torch.int32 else target
