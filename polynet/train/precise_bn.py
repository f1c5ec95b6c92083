"""Precise batch normalisation: statistics of many batches under the weights as they are now.

The running statistics that training leaves behind are a moving average over weights of the past. Wu and Johnson,
"Rethinking 'Batch' in BatchNorm", 2021, section 3, measure them anew before a network is evaluated.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from polynet.backend import backend_of
from polynet.errors import InputError
from polynet.slots import Slot
from polynet.train.batch_norms import batch_norms
from polynet.types import NativeModule

_HALF = 0.5
"""As a momentum this means the same to every layer, whether it weighs the new statistics or the old."""

Array = np.ndarray[Any, Any]


def compute_precise_bn(
    module: NativeModule,
    batches: Iterable[Any],
    forward: Callable[[Any], Any] | None = None,
    *,
    mean_over_ranks: Callable[[Array], Array] | None = None,
) -> int:
    """Set the running statistics of batch normalisations to the means of the batches' own.

    The network runs as in evaluation, without dropout and the like, only that batch normalisations normalise by the
    batch. Layers that stay in evaluation mode while the network trains, since they are frozen, and those without
    running statistics, are left alone. Modes and momenta are restored.

    Args:
        module: The network, or the model around it.
        batches: What to measure; each batch counts alike.
        forward: Runs the network on a batch; by default `module` itself.
        mean_over_ranks: Gives the mean of an array over all processes that take part, each with batches of its own.

    Returns:
        How many batches there were; 0 where the network has no layer to measure, and then none is read.

    Raises:
        InputError: There is no batch. Where a batch fails, statistics are as they were before.

    Source: pycls, `compute_precise_bn_stats`: the plain mean of the batches' means and of their unbiased variances.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     norm = nn.BatchNorm1d(1)
        ...     compute_precise_bn(norm, [ops.tensor([[1.0], [3.0]]), ops.tensor([[5.0], [9.0]])])
        2
        >>> norm.running_mean.item(), norm.running_var.item()
        (4.5, 5.0)
    """
    backend = backend_of(module)
    with _modes_restored(module):
        layers = _measured_layers(module)
        if not layers:
            return 0
        backend.set_training(module, False)
        for layer in layers:
            backend.set_training(layer, True)
        statistics = [slot for layer in layers for slot in _statistics(layer)]
        run = module if forward is None else forward
        with _statistics_kept(layers) as keep, backend.ops.no_grad():
            count, sums = _summed(statistics, batches, run)
            if count == 0:
                message = "There is no batch to measure statistics of."
                raise InputError(message)
            means = np.concatenate([total.ravel() / count for total in sums])
            if mean_over_ranks is not None:
                means = mean_over_ranks(means)
            keep(statistics, means)
    return count


def _summed(
    statistics: list[Slot], batches: Iterable[Any], run: Callable[[Any], Any]
) -> tuple[int, list[np.ndarray[Any, Any]]]:
    """How many batches there were, and the sums of each statistic over them, in double precision."""
    sums = [np.zeros(slot.shape) for slot in statistics]
    count = 0
    for batch in batches:
        for slot in statistics:
            slot.write(np.zeros(slot.shape, slot.dtype))
        run(batch)
        for total, slot in zip(sums, statistics, strict=True):
            # From zero, half the way to the batch's statistic.
            total += slot.read() / _HALF
        count += 1
    return count, sums


def _measured_layers(module: NativeModule) -> list[NativeModule]:
    """The batch normalisations with statistics that training would move."""
    if not module.training:
        backend_of(module).set_training(module, True)
    return [layer for layer in batch_norms(module) if layer.training and layer.running_mean is not None]


def _statistics(layer: NativeModule) -> list[Slot]:
    slots = backend_of(layer).slots(layer)
    return [slots["running_mean"], slots["running_var"]]


@contextlib.contextmanager
def _modes_restored(module: NativeModule) -> Iterator[None]:
    modes = [(part, part.training) for part in module.modules()]
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


@contextlib.contextmanager
def _statistics_kept(layers: list[NativeModule]) -> Iterator[Callable[[list[Slot], Array], None]]:
    """Within the block momenta are a half; afterwards everything is as it was, but for what it was told to keep."""
    momenta = [layer.momentum for layer in layers]
    buffers = [slot for layer in layers for slot in backend_of(layer).slots(layer).values() if slot.kind == "buffer"]
    before = {id(slot.tensor): (slot, slot.read()) for slot in buffers}
    kept: list[tuple[Slot, Array]] = []

    def keep(statistics: list[Slot], values: Array) -> None:
        ends = np.cumsum([int(np.prod(slot.shape)) for slot in statistics])
        for slot, value in zip(statistics, np.split(values, ends[:-1]), strict=True):
            kept.append((slot, value.reshape(slot.shape).astype(slot.dtype)))

    for layer in layers:
        layer.momentum = _HALF
    try:
        yield keep
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        for slot, value in [*before.values(), *kept]:
            slot.write(value)
