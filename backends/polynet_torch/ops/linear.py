"""Products, attention and look-up: torch's own functions."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from polynet.errors import InputError

matmul = torch.matmul
bmm = torch.bmm
einsum = torch.einsum
linear = F.linear
outer = torch.outer
normalize = F.normalize
cosine_similarity = F.cosine_similarity
embedding = F.embedding


def scaled_dot_product_attention(query: Any, key: Any, value: Any, *arguments: Any, **options: Any) -> Any:
    """`torch.nn.functional.scaled_dot_product_attention`, whose kernels do not see that there are too few values."""
    # Tracers have stand-ins, which have no lengths to compare.
    comparable = isinstance(key, torch.Tensor) and not torch.jit.is_tracing()
    if comparable and key.shape[-2] != value.shape[-2]:
        message = f"{key.shape[-2]} keys and {value.shape[-2]} values were given; there must be as many of both."
        raise InputError(message)
    return F.scaled_dot_product_attention(query, key, value, *arguments, **options)
