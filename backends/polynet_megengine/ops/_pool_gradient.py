"""Max pooling whose gradient goes to the first of equal values in a window; natively each of them gets all of it."""

from __future__ import annotations

import math
from typing import Any

import megengine.functional as F
from megengine.autodiff import Function
from megengine.core._imperative_rt.core2 import apply
from megengine.core.ops.builtin import IndexingSetOneHot, Pooling
from megengine.functional.debug_param import get_execution_strategy

from polynet.types import Tensor
from polynet_megengine.convolution_weight_gradient import bordered
from polynet_megengine.ops._tensors import shape_of

Pair = tuple[int, ...]


class MaxWindows(Function):
    """Native max pooling with the gradient of torch where values tie, as in flat regions of an image they do."""

    def __init__(self, kernel: Pair, step: Pair, border: Pair) -> None:
        super().__init__()
        self._kernel, self._step, self._border = kernel, step, border
        self._input: Any = None

    def forward(self, x: Tensor) -> Tensor:
        """Pool natively."""
        self._input = x
        return pooled(x, self._kernel, self._step, self._border, "max")

    def backward(self, gradient: Tensor) -> Tensor:
        """Write each gradient to the first maximum of its window, and add the windows up."""
        x = self._input
        size, border = shape_of(x)[2:], self._border
        if any(border):
            x = bordered(x, border, -math.inf)
        windows = F.nn.sliding_window(x, self._kernel, 0, self._step)
        windows = F.flatten(windows, 4)
        first = F.argmax(windows, axis=4)
        (placed,) = apply(IndexingSetOneHot(axis=4, ndim=5), F.zeros_like(windows), first, F.expand_dims(gradient, 4))
        placed = F.reshape(placed, (*shape_of(gradient), *self._kernel))
        return F.nn.sliding_window_transpose(placed, size, self._kernel, border, self._step)


def pooled(x: Tensor, kernel: Pair, step: Pair, border: Pair, mode: str) -> Tensor:
    """Native pooling, of a copy where the kernel refuses the strides of a slice."""
    operation = Pooling(
        window_h=kernel[0],
        window_w=kernel[1],
        stride_h=step[0],
        stride_w=step[1],
        pad_h=border[0],
        pad_w=border[1],
        mode=mode,
        strategy=get_execution_strategy(),
    )
    try:
        return apply(operation, x)[0]
    except RuntimeError:
        return apply(operation, x * 1)[0]


def max_windows(x: Tensor, kernel: Pair, step: Pair, border: Pair) -> Tensor:
    """Largest value in each window of a batch of images."""
    return MaxWindows(kernel, step, border)(x)
