"""float16 on a CPU, where MegEngine's own kernels are unsafe, or a hundred times slower than those of float32.

Batch normalisation with parameters in float16 writes past its memory, which ends the process sooner or later, and reads
past it, which gives no numbers. Matrix products and convolutions are right, but take a hundred times as long: a ViT
seems to hang. So these are computed in float32 there, and their results returned in float16.
"""

from __future__ import annotations

from typing import Any

import megengine.functional as F
import numpy as np

from polynet.types import Tensor

HALF = np.dtype("float16")


def on_cpu(x: Tensor) -> bool:
    """Whether a tensor is in the processor's memory."""
    name: str = x.device.physical_name
    return name.startswith(("cpu", "multithread"))


def is_half_on_cpu(first: Tensor, second: Tensor) -> bool:
    """Whether two tensors are of float16, and on a CPU."""
    return bool(first.dtype == HALF and second.dtype == HALF and on_cpu(first))


def widened(tensor: Tensor | None) -> Tensor | None:
    """A tensor as float32 where it is float16; else itself."""
    return tensor if tensor is None or tensor.dtype != HALF else tensor.astype("float32")


def matmul(first: Tensor, second: Tensor, **options: Any) -> Tensor:
    """`F.matmul`, of float16 on a CPU in float32."""
    if is_half_on_cpu(first, second):
        return F.matmul(first.astype("float32"), second.astype("float32"), **options).astype(HALF)
    return F.matmul(first, second, **options)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`F.linear`, of float16 on a CPU in float32."""
    if is_half_on_cpu(x, weight):
        return F.linear(x.astype("float32"), weight.astype("float32"), widened(bias)).astype(HALF)
    return F.linear(x, weight, bias)


def needs_float32(x: Tensor, *vectors: Tensor | None) -> bool:
    """Whether batch normalisation cannot be left to the native kernel as its operands are.

    On a CPU any operand of float16 is enough. Elsewhere the kernel takes an input of float16, but nothing else.
    """
    for each in vectors:
        if each is not None and each.dtype == HALF:
            return True
    return bool(x.dtype == HALF and on_cpu(x))


def like_input(x: Tensor, *vectors: Tensor | None) -> list[Tensor | None]:
    """Scale and shift in the dtype of what they are applied to: with another the native kernels end the process."""
    return [each if each is None or each.dtype == x.dtype else each.astype(x.dtype) for each in vectors]
