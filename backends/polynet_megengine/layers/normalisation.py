"""Layer, group, instance and other normalisation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import megengine
import megengine.functional as F
import megengine.module as M
import numpy as np

from polynet.errors import InputError, OptionError
from polynet.nn.arguments import integer
from polynet.nn.rules import normalisation as rules
from polynet.types import Tensor
from polynet_megengine.half_precision import like_input
from polynet_megengine.module import Module
from polynet_megengine.ops import normalisation as functional

from .initialisation import skipped
from .inputs import check_floating


def _ones(*shape: int) -> Tensor:
    return megengine.Parameter(np.ones(shape, np.float32))


def _zeros(*shape: int) -> Tensor:
    return megengine.Parameter(np.zeros(shape, np.float32))


def _normalized_shape(owner: str, value: int | Sequence[int]) -> tuple[int, ...]:
    shape = (value,) if isinstance(value, int) else tuple(value)
    if not shape:
        message = f"{owner}: normalized_shape must name at least one size."
        raise OptionError(message)
    return tuple(integer(owner, "normalized_shape", each, lowest=1) for each in shape)


class LayerNorm(M.LayerNorm, Module):
    """Normalisation over the last axes (Ba et al., 2016)."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        shape = _normalized_shape(type(self).__name__, normalized_shape)
        super().__init__(shape, eps, bool(elementwise_affine))
        self.normalized_shape = shape
        self.elementwise_affine = bool(elementwise_affine)
        if not bias:
            self.bias = None

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if skipped():
            return
        if self.weight is not None:
            M.init.ones_(self.weight)
        if self.bias is not None:
            M.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `(…, *normalized_shape)`."""
        check_floating(self, x)
        wanted = self.normalized_shape
        if self.bias is not None and x._tuple_shape[-len(wanted) :] == wanted:
            weight, bias = like_input(x, self.weight, self.bias)
            return F.nn.layer_norm(x, wanted, True, weight, bias, self.eps)
        return functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)


class RMSNorm(Module):
    """Division by the root mean square over the last axes (Zhang and Sennrich, 2019)."""

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float | None = None, elementwise_affine: bool = True
    ) -> None:
        super().__init__()
        self.normalized_shape = _normalized_shape(type(self).__name__, normalized_shape)
        self.eps = eps
        self.elementwise_affine = bool(elementwise_affine)
        self.weight = _ones(*self.normalized_shape) if elementwise_affine else None

    def reset_parameters(self) -> None:
        """Weight 1."""
        if self.weight is not None:
            M.init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `(…, *normalized_shape)`."""
        eps = self.eps
        if eps is None:
            eps = 2.0**-10 if x.dtype == np.float16 else 2.0**-23  # the spacing of numbers at 1, torch's default
        return functional.rms_norm(x, self.normalized_shape, self.weight, eps)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(M.GroupNorm, Module):
    """Normalisation over groups of channels, of any rank (Wu and He, 2018)."""

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        rules.group_norm(type(self).__name__, num_groups, num_channels, eps)
        super().__init__(num_groups, num_channels, eps, bool(affine))

    def reset_parameters(self) -> None:
        """Weight 1, bias 0: what the constructor made them."""
        if self.affine and not skipped():
            M.init.ones_(self.weight)
            M.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `(N, C, …)`."""
        check_floating(self, x)
        shape: tuple[int, ...] = x._tuple_shape
        small = math.prod(shape[1:]) <= functional.LARGE_GROUP * self.num_groups
        if small and len(shape) == 4 and shape[1] == self.num_channels and 0 not in shape:
            if self.affine:
                return functional.scaled_group_norm(x, self.num_groups, self.weight, self.bias, self.eps)
            return F.nn.group_norm(x, self.num_groups, False, eps=self.eps)
        _check_channels(self, x, self.num_channels)
        return functional.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


class InstanceNorm2d(M.InstanceNorm, Module):
    """Normalisation of every channel of every image (Ulyanov et al., 2016)."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
    ) -> None:
        super().__init__(integer(type(self).__name__, "num_features", num_features, lowest=1), eps, bool(affine))
        self.num_features = num_features
        self.momentum = momentum
        self.track_running_stats = bool(track_running_stats)
        running = self.track_running_stats
        self.running_mean = megengine.Tensor(np.zeros(num_features, np.float32)) if running else None
        self.running_var = megengine.Tensor(np.ones(num_features, np.float32)) if running else None

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if self.affine and not skipped():
            M.init.ones_(self.weight)
            M.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `(N, C, H, W)`, or one image without the first axis."""
        if x.ndim == 3:
            return self.forward(x.reshape(1, *x.shape)).reshape(x.shape)
        if x.ndim != 4:
            message = f"{type(self).__name__} takes 3-d or 4-d inputs, not {tuple(x.shape)}."
            raise InputError(message)
        _check_channels(self, x, self.num_features)
        by_batch = self.training or not self.track_running_stats
        return functional.instance_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, by_batch, self.momentum, self.eps
        )


class LocalResponseNorm(M.LocalResponseNorm, Module):
    """Normalisation over neighbouring channels (Krizhevsky et al., 2012)."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        rules.local_response_norm(type(self).__name__, size, alpha, beta, k)
        super().__init__(size, k, alpha, beta)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `(N, C, …)`."""
        return functional.local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    def _module_info_string(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def _check_channels(layer: Module, x: Tensor, channels: int) -> None:
    shape = tuple(x._tuple_shape)
    if len(shape) < 2 or shape[1] != channels:
        message = f"{type(layer).__name__} takes inputs (N, {channels}, …), not {shape}."
        raise InputError(message)
