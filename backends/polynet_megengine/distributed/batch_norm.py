"""Batch normalisation over the batches of all processes, through whatever they communicate by."""

from __future__ import annotations

from typing import Any

import megengine
import numpy as np
from megengine.autodiff import Function
from megengine.functional.elemwise import _elwise

from polynet.train.distributed.collectives import Collectives
from polynet.types import Tensor
from polynet_megengine.batch_statistics import channel_square_sum, channel_sum

_COLLECTIVES: list[Collectives] = []
"""The communication that layers use: layers are copied and pickled, and it is not."""


def use_collectives(collectives: Collectives | None) -> None:
    """Let synchronised layers communicate so from now on; `None` for not at all."""
    _COLLECTIVES[:] = [] if collectives is None else [collectives]


def present_collectives() -> Collectives | None:
    """The communication of this process; `None` where it is the only one."""
    return _COLLECTIVES[0] if _COLLECTIVES else None


def synchronise_batch_norms(model: Any) -> None:
    """Let every batch normalisation of a model take its statistics from all processes, in place."""
    for module in model.modules():
        if hasattr(module, "synchronised"):
            module.synchronised = True


def normalise_by_all(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    factor: float | Tensor,
    eps: float,
    collectives: Collectives,
) -> Tensor:
    """Normalise `(N, C, H, W)` by the statistics of all processes, and move the running ones towards them.

    The arguments are those of `polynet_megengine.batch_statistics.normalise_by_batch`, and `collectives`.
    """
    channels = x._tuple_shape[1]
    one = megengine.Tensor(np.ones((1, channels, 1, 1), np.float32), device=x.device)
    function = _OverProcesses(eps, collectives)
    output = function(x, one if weight is None else weight, one * 0 if bias is None else bias)
    if running_mean is not None and running_var is not None:
        unbiased = function.variance * (function.count / max(function.count - 1, 1))
        running_mean[...] = running_mean * (1 - factor) + function.mean * factor
        running_var[...] = running_var * (1 - factor) + unbiased * factor
    function.mean = function.variance = None
    return output


class _OverProcesses(Function):
    """Statistics of all processes by Chan, Golub and LeVeque's formula, 1983; the gradient in closed form."""

    def __init__(self, eps: float, collectives: Collectives) -> None:
        self.eps = eps
        self.collectives = collectives
        self.mean: Tensor = None
        self.variance: Tensor = None
        self.count = 0.0

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        images, channels, height, width = x._tuple_shape
        own = images * height * width
        own_mean = channel_sum(x) * (1 / own)
        own_squares = channel_square_sum(x - own_mean)
        place = self.collectives.place
        rows = np.zeros((place.world_size, 2 * channels + 1))
        rows[place.rank] = [own, *own_mean.numpy().reshape(-1), *own_squares.numpy().reshape(-1)]
        rows = self.collectives.all_reduce(rows, "sum")
        counts, means, squares = rows[:, :1], rows[:, 1 : channels + 1], rows[:, channels + 1 :]
        self.count = float(counts.sum())
        mean = (counts * means).sum(0) / self.count
        variance = (squares + counts * (means - mean) ** 2).sum(0) / self.count
        self.mean, self.variance = self._tensor(mean, x), self._tensor(variance, x)
        inverse = (self.variance + self.eps) ** -0.5
        scale = weight * inverse
        self.saved = (x, self.mean, inverse, scale)
        return _elwise(x, scale, bias - self.mean * scale, mode="FUSE_MUL_ADD3")

    def backward(self, dy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, mean, inverse, scale = self.saved
        centred = x - mean
        to_bias = channel_sum(dy)
        along = channel_sum(dy * centred)
        sums = np.stack([to_bias.numpy().reshape(-1), along.numpy().reshape(-1)])
        all_to_bias, all_along = self.collectives.all_reduce(sums, "sum")
        slope = scale * inverse * inverse * self._tensor(all_along, x) * (-1 / self.count)
        offset = scale * self._tensor(all_to_bias, x) * (-1 / self.count)
        to_x = dy * scale + centred * slope + offset
        return to_x, along * inverse, to_bias

    @staticmethod
    def _tensor(values: np.ndarray[Any, Any], like: Tensor) -> Tensor:
        return megengine.Tensor(values.astype(np.float32).reshape(1, -1, 1, 1), device=like.device)
