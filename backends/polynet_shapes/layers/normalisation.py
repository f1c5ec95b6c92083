"""Normalisation layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from polynet.errors import InputError
from polynet_shapes.dtypes import INDEX
from polynet_shapes.layers.functional import Functional, register, require
from polynet_shapes.module import Module
from polynet_shapes.ops import normalisation as ops
from polynet_shapes.rules import Shape, as_ints
from polynet_shapes.tensor import ShapeTensor


class _ChannelStatistics(Module):
    """What batch and instance normalisation have: a scale and shift, and running statistics, of every channel.

    Attributes:
        allowed_ndims: How many axes an input may have.
    """

    allowed_ndims: ClassVar[tuple[int, ...]]

    def _set_up(
        self, num_features: int, eps: float, momentum: float | None, affine: bool, track_running_stats: bool
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        for name in ("weight", "bias"):
            register(self, name, (num_features,), affine)
        for name in ("running_mean", "running_var"):
            self.register_buffer(name, ShapeTensor((num_features,)) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", ShapeTensor((), INDEX) if track_running_stats else None)

    def _check(self, input: ShapeTensor) -> None:
        if input.ndim not in self.allowed_ndims:
            axes = " or ".join(map(str, self.allowed_ndims))
            message = f"{type(self).__name__} needs an input of {axes} axes, and was given {list(input.shape)}."
            raise InputError(message)

    def extra_repr(self) -> str:
        """Show the sizes."""
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}"


class _BatchNorm(_ChannelStatistics):
    """Batch normalisation."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        self._set_up(num_features, eps, momentum, affine, track_running_stats)

    def forward(self, input: ShapeTensor) -> ShapeTensor:
        """Normalise by the batch in training or without running statistics, and by those otherwise."""
        self._check(input)
        by_batch = self.training or self.running_mean is None
        return ops.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, by_batch)


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of vectors or sequences."""

    allowed_ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of images."""

    allowed_ndims = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of volumes."""

    allowed_ndims = (5,)


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation over all processes."""

    allowed_ndims = (2, 3, 4, 5)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats)
        self.process_group = process_group


class InstanceNorm2d(_ChannelStatistics):
    """Normalisation of each image's channels by themselves."""

    allowed_ndims = (3, 4)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
    ) -> None:
        self._set_up(num_features, eps, momentum, affine, track_running_stats)

    def forward(self, input: ShapeTensor) -> ShapeTensor:
        """Normalise by the input in training or without running statistics, and by those otherwise."""
        self._check(input)
        batch = input if input.ndim == 4 else input.like((1, *input.shape))
        if batch.shape[1] != self.num_features:
            message = f"InstanceNorm2d needs {self.num_features} channels, and was given {list(input.shape)}."
            raise InputError(message)
        by_input = self.training or not self.track_running_stats
        ops.instance_norm(batch, self.running_mean, self.running_var, self.weight, self.bias, by_input)
        return input.like(input.shape)


class GroupNorm(Module):
    """Normalisation over groups of channels."""

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        super().__init__()
        divides = num_groups > 0 and num_channels % num_groups == 0
        require(divides, self, f"num_groups ({num_groups}) must divide num_channels ({num_channels}).")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        for name in ("weight", "bias"):
            register(self, name, (num_channels,), affine)

    def forward(self, input: ShapeTensor) -> ShapeTensor:
        """Normalise."""
        return ops.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Show the sizes."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class _OverLast(Module):
    """Normalisation over the last axes."""

    def _set_up(self, normalized_shape: int | Sequence[int], eps: float | None, elementwise_affine: bool) -> None:
        super().__init__()
        self.normalized_shape: Shape = as_ints(normalized_shape, type(self).__name__, "normalized_shape")
        self.eps, self.elementwise_affine = eps, elementwise_affine
        register(self, "weight", self.normalized_shape, elementwise_affine)

    def extra_repr(self) -> str:
        """Show the sizes."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LayerNorm(_OverLast):
    """Normalisation to mean 0 and variance 1 over the last axes."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        self._set_up(normalized_shape, eps, elementwise_affine)
        register(self, "bias", self.normalized_shape, elementwise_affine and bias)

    def forward(self, input: ShapeTensor) -> ShapeTensor:
        """Normalise."""
        return ops.layer_norm(input, self.normalized_shape, self.weight, self.bias)


class RMSNorm(_OverLast):
    """Normalisation by the root mean square over the last axes."""

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float | None = None, elementwise_affine: bool = True
    ) -> None:
        self._set_up(normalized_shape, eps, elementwise_affine)

    def forward(self, input: ShapeTensor) -> ShapeTensor:
        """Normalise."""
        return ops.rms_norm(input, self.normalized_shape, self.weight)


class LocalResponseNorm(Functional):
    """Normalisation over neighbouring channels."""

    operation, kept = ops.local_response_norm, ("size", "alpha", "beta", "k")

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k
