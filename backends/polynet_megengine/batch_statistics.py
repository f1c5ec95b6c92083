"""Batch normalisation from elementwise operations and sums, several times faster on a CPU than MegEngine's own kernel.

Small tensors, other devices and float16 take the native kernel where its gradients are right: there calls cost more
than arithmetic.
"""

from __future__ import annotations

import megengine.functional as F
import numpy as np
from megengine.autodiff import Function
from megengine.core._imperative_rt.core2 import apply
from megengine.core.ops import builtin
from megengine.core.tensor import amp
from megengine.functional.elemwise import _elwise

from polynet.types import Tensor
from polynet_megengine.broadcasting import are_recorded, stretched
from polynet_megengine.half_precision import on_cpu

_SMALL = 1 << 14
"""Elements up to which the native kernel is at least as fast."""


def _is_small_or_foreign(x: Tensor) -> bool:
    shape = x._tuple_shape
    count = shape[0] * shape[1] * shape[2] * shape[3]
    return count <= _SMALL or amp._enabled or x.dtype != np.float32 or not on_cpu(x)


def normalise_by_running(
    x: Tensor, mean: Tensor, variance: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    """Normalise `(N, C, H, W)` by given statistics.

    Args:
        x: Input.
        mean: `(1, C, 1, 1)`, as all the following.
        variance: Biased or not, as given.
        weight: Scale, or `None` for 1.
        bias: Shift, or `None` for 0.
        eps: Added to the variance.
    """
    # On a CPU the gradients of the native kernel's scale and shift are sums that now and then are wrong.
    is_recorded = are_recorded() and on_cpu(x)
    if not is_recorded and _is_small_or_foreign(x):
        return F.nn.batch_norm(x, mean, variance, weight, bias, training=False, eps=eps)
    scale = (variance + eps) ** -0.5
    if weight is not None:
        scale = scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    if x.dtype != scale.dtype:
        scale, shift = scale.astype(x.dtype), shift.astype(x.dtype)
    return _elwise(x, stretched(scale, x._tuple_shape), stretched(shift, x._tuple_shape), mode="FUSE_MUL_ADD3")


def normalise_by_batch(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    factor: float | Tensor,
    eps: float,
) -> Tensor:
    """Normalise `(N, C, H, W)` by its own statistics, and move the running ones towards them.

    Args:
        x: Input, more than one value per channel.
        running_mean: `(1, C, 1, 1)`, updated in place, or `None`.
        running_var: As `running_mean`; moves towards the unbiased variance.
        weight: Scale, or `None` for 1.
        bias: Shift, or `None` for 0.
        factor: The weight of the new statistics: torch's momentum, or a tensor without dimensions.
        eps: Added to the biased variance.
    """
    native = _is_small_or_foreign(x)
    if native and isinstance(factor, float | int):
        return F.nn.batch_norm(x, running_mean, running_var, weight, bias, training=True, momentum=1 - factor, eps=eps)
    shape = x._tuple_shape
    one = F.ones((1, shape[1], 1, 1), device=x.device)
    count = shape[0] * shape[2] * shape[3]
    if native:
        # Statistics of full weight: the native kernel takes no tensor as a weight, and returns the unbiased variance.
        output, mean, variance = F.nn.batch_norm(
            x, one * 0, one, weight, bias, training=True, momentum=0.0, eps=eps, inplace=False
        )
    else:
        function = _BatchNormalisation(eps)
        output = function(x, one if weight is None else weight, one * 0 if bias is None else bias)
        mean, variance = function.mean, function.variance * (count / (count - 1))
        function.mean = function.variance = None
    if running_mean is not None and running_var is not None:
        running_mean[...] = running_mean * (1 - factor) + mean.detach() * factor
        running_var[...] = running_var * (1 - factor) + variance.detach() * factor
    return output


def channel_sum(x: Tensor) -> Tensor:
    """Sum over everything but channels, as `(1, C, 1, 1)`: along rows first, which is the fast way."""
    images, channels, height, width = x._tuple_shape
    rows = F.sum(x.reshape(images * channels, height * width), axis=1)
    return F.sum(rows.reshape(images, channels), axis=0).reshape(1, channels, 1, 1)


def channel_square_sum(x: Tensor) -> Tensor:
    """As `channel_sum`, of squares."""
    images, channels, height, width = x._tuple_shape
    (rows,) = apply(builtin.Reduce(mode="sum_sqr", axis=1), x.reshape(images * channels, height * width))
    return F.sum(rows.reshape(images, channels), axis=0).reshape(1, channels, 1, 1)


class _BatchNormalisation(Function):
    """Ioffe and Szegedy, 2015, with the gradient in closed form."""

    def __init__(self, eps: float) -> None:
        self.eps = eps
        self.mean: Tensor = None
        self.variance: Tensor = None

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        images, _, height, width = x._tuple_shape
        self.count = images * height * width
        self.mean = channel_sum(x) * (1 / self.count)
        self.variance = channel_square_sum(x - self.mean) * (1 / self.count)
        inverse = (self.variance + self.eps) ** -0.5
        scale = weight * inverse
        self.saved = (x, self.mean, inverse, scale)
        return _elwise(x, scale, bias - self.mean * scale, mode="FUSE_MUL_ADD3")

    def backward(self, dy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, mean, inverse, scale = self.saved
        centred = x - mean
        to_bias = channel_sum(dy)
        to_weight = channel_sum(dy * centred) * inverse
        slope = scale * inverse * to_weight * (-1 / self.count)
        offset = scale * to_bias * (-1 / self.count)
        to_x = dy * scale + _elwise(centred, slope, offset, mode="FUSE_MUL_ADD3")
        return to_x, to_weight, to_bias
