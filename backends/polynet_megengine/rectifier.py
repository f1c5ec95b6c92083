"""ReLU with a fast gradient on a CPU, where MegEngine's own takes ten times as long as the forward pass."""

from __future__ import annotations

import math

import megengine.functional as F
from megengine.autodiff import Function
from megengine.core._imperative_rt.core2 import get_grad_key

from polynet.types import Tensor

_SMALL = 1 << 11
"""Elements up to which the native gradient is cheaper than calling a `Function`."""


def relu(x: Tensor) -> Tensor:
    """`max(x, 0)`; the gradient at 0 is 0."""
    if get_grad_key((x,)) is None or math.prod(x._tuple_shape) <= _SMALL or not _on_cpu(x):
        return F.relu(x)
    return _Rectifier()(x)


def _on_cpu(x: Tensor) -> bool:
    name: str = x.device.physical_name
    return name.startswith(("cpu", "multithread"))


class _Rectifier(Function):
    def forward(self, x: Tensor) -> Tensor:
        self.output = F.relu(x)
        return self.output

    def backward(self, dy: Tensor) -> Tensor:
        # The output's sign is 1 where the input was positive and 0 elsewhere.
        return F.sign(self.output) * dy
