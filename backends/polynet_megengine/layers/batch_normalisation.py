"""Batch normalisation layers with torch's meaning of momentum."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import megengine
import megengine.functional as F
import megengine.module as M
import numpy as np
from megengine.distributed import WORLD, is_distributed
from megengine.module.batchnorm import _BatchNorm as NativeBatchNorm

from polynet.errors import InputError
from polynet.nn.rules import normalisation as rules
from polynet.types import Tensor
from polynet_megengine.batch_statistics import normalise_by_batch, normalise_by_running
from polynet_megengine.distributed.batch_norm import normalise_by_all, present_collectives
from polynet_megengine.half_precision import needs_float32, widened
from polynet_megengine.module import Module

from .initialisation import fill
from .inputs import check_floating

_Tensors = tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]


class _BatchNorm(Module):
    """What every rank shares, mixed in between MegEngine's layer and our `Module`."""

    _ranks: ClassVar[tuple[int, ...]]

    synchronised: bool = False
    """Whether statistics are those of all processes that train together."""

    def _prepare(self, num_features: int, eps: float, momentum: float | None) -> None:
        rules.batch_norm(type(self).__name__, num_features, eps, momentum)

    def _count_batches(self) -> None:
        """Keep the number of batches seen where the running statistics are means over all of them."""
        counted = self.momentum is None and self.track_running_stats
        self.num_batches_tracked = megengine.Tensor(np.zeros((), np.int32)) if counted else None

    def reset_running_stats(self) -> None:
        """Start the running statistics anew."""
        if self.track_running_stats:
            M.init.zeros_(self.running_mean)
            M.init.ones_(self.running_var)
            if self.num_batches_tracked is not None:
                fill(self.num_batches_tracked, 0)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, fresh running statistics."""
        self.reset_running_stats()
        if self.affine:
            M.init.ones_(self.weight)
            M.init.zeros_(self.bias)

    def forward(self, inp: Tensor) -> Tensor:
        """Normalise every channel of `(N, C, …)` over everything else.

        Raises:
            InputError: Wrong rank or channels, or one value per channel while training.
        """
        shape: tuple[int, ...] = inp._tuple_shape
        if len(shape) not in self._ranks or shape[1] != self.num_features:
            ranks = " or ".join(f"{rank}-d" for rank in self._ranks)
            message = (
                f"{type(self).__name__}({self.num_features}) takes {ranks} inputs (N, {self.num_features}, …), "
                f"not {shape}."
            )
            raise InputError(message)
        check_floating(self, inp)
        x = inp if len(shape) == 4 else inp.reshape(*shape[:2], math.prod(shape[2:]), 1)
        tensors = (self.running_mean, self.running_var, self.weight, self.bias)
        if needs_float32(x, *tensors):
            output = self._in_float32(x, tensors, shape)
        else:
            output = self._normalise(x, tensors, shape)
        return output if len(shape) == 4 else output.reshape(shape)

    def _normalise(self, x: Tensor, tensors: _Tensors, shape: tuple[int, ...]) -> Tensor:
        mean, variance, weight, bias = tensors
        if (not self.training and mean is not None) or self.freeze:
            return normalise_by_running(x, mean, variance, weight, bias, self.eps)
        return self._normalise_by_batch(x, tensors, shape)

    def _in_float32(self, x: Tensor, tensors: _Tensors, shape: tuple[int, ...]) -> Tensor:
        mean, variance, weight, bias = map(widened, tensors)
        output = self._normalise(widened(x), (mean, variance, weight, bias), shape).astype(x.dtype)
        if self.training and mean is not None and variance is not None:
            self.running_mean[...] = mean.astype(self.running_mean.dtype)
            self.running_var[...] = variance.astype(self.running_var.dtype)
        return output

    def _normalise_by_batch(self, x: Tensor, tensors: _Tensors, shape: tuple[int, ...]) -> Tensor:
        if math.prod(shape) <= shape[1]:
            message = (
                f"{type(self).__name__}: training needs more than one value per channel; the input has shape {shape}."
            )
            raise InputError(message)
        mean, variance, weight, bias = tensors if self.training else (None, None, *tensors[2:])
        factor = self.momentum if mean is not None else 0.0
        if factor is None and self.num_batches_tracked is not None:
            count = self.num_batches_tracked + 1
            self.num_batches_tracked._reset(count)
            factor = 1.0 / count.astype("float32")
        if self.synchronised and is_distributed() and isinstance(factor, float | int):
            group = getattr(self, "group", WORLD)
            return F.nn.sync_batch_norm(x, mean, variance, weight, bias, True, 1 - factor, self.eps, group=group)
        collectives = present_collectives() if self.synchronised else None
        if collectives is not None:
            return normalise_by_all(x, mean, variance, weight, bias, factor, self.eps, collectives)
        return normalise_by_batch(x, mean, variance, weight, bias, factor, self.eps)

    def canonical_shape(self, name: str, tensor: Tensor) -> tuple[int, ...]:
        """Torch keeps one number per channel."""
        return () if name == "num_batches_tracked" else (self.num_features,)


class BatchNorm1d(M.BatchNorm1d, _BatchNorm):
    """Batch normalisation of `(N, C)` or `(N, C, L)`."""

    _ranks = (2, 3)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        self._prepare(num_features, eps, momentum)
        super().__init__(num_features, eps, momentum, bool(affine), bool(track_running_stats))
        self._count_batches()

    forward = _BatchNorm.forward
    reset_parameters = _BatchNorm.reset_parameters
    reset_running_stats = _BatchNorm.reset_running_stats


class BatchNorm2d(M.BatchNorm2d, _BatchNorm):
    """Batch normalisation of `(N, C, H, W)`."""

    _ranks = (4,)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        self._prepare(num_features, eps, momentum)
        super().__init__(num_features, eps, momentum, bool(affine), bool(track_running_stats))
        self._count_batches()

    forward = _BatchNorm.forward
    reset_parameters = _BatchNorm.reset_parameters
    reset_running_stats = _BatchNorm.reset_running_stats


class BatchNorm3d(NativeBatchNorm, _BatchNorm):
    """Batch normalisation of `(N, C, D, H, W)`; MegEngine has none of that rank."""

    _ranks = (5,)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        self._prepare(num_features, eps, momentum)
        super().__init__(num_features, eps, momentum, bool(affine), bool(track_running_stats))
        self._count_batches()

    forward = _BatchNorm.forward
    reset_parameters = _BatchNorm.reset_parameters
    reset_running_stats = _BatchNorm.reset_running_stats


class SyncBatchNorm(M.SyncBatchNorm, _BatchNorm):
    """Batch normalisation of any rank over all processes; within one process it is plain batch normalisation."""

    _ranks = (2, 3, 4, 5)
    synchronised = True

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
    ) -> None:
        self._prepare(num_features, eps, momentum)
        group = WORLD if process_group is None else process_group
        super().__init__(num_features, eps, momentum, bool(affine), bool(track_running_stats), group=group)
        self._count_batches()

    forward = _BatchNorm.forward
    reset_parameters = _BatchNorm.reset_parameters
    reset_running_stats = _BatchNorm.reset_running_stats
