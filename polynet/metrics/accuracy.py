"""Top-k accuracy of one batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet import ops
from polynet.backend import backend_of
from polynet.errors import InputError, OptionError
from polynet.registry import METRICS
from polynet.types import Tensor

NEVER = 2**30
"""The rank of a label that is no class."""


@METRICS.register(aliases=["accuracy"])
class AccuracyMetric:
    """The share of samples whose label is among the `k` classes with the highest logits.

    Of classes with equal logits the one with the lower number ranks first, so that every framework counts alike; a
    logit that is NaN ranks before all others, so that a network which has diverged scores nothing by it.

    Args:
        topk: The number `k`, or several.

    Raises:
        OptionError: Not a whole number of at least 1, or a list of them.

    Source: Scepter and EssentialMC2, `AccuracyMetric` (called `accuracy` in the latter).

    Example:
        >>> metric = AccuracyMetric(topk=[1, 5])
        >>> {key: float(value) for key, value in metric(np.eye(6)[:4], np.array([0, 1, 3, 3])).items()}
        {'acc@1': 0.75, 'acc@5': 1.0}
    """

    def __init__(self, topk: int | Sequence[int] = 1) -> None:
        given = (topk,) if isinstance(topk, int) else topk
        self.topk = tuple(given) if isinstance(given, Sequence) and not isinstance(given, str) else ()
        if not self.topk or any(isinstance(k, bool) or not isinstance(k, int) or k < 1 for k in self.topk):
            message = f"AccuracyMetric: topk is a whole number of at least 1, or a list of them, not {topk!r}."
            raise OptionError(message)

    def __call__(self, logits: Any, labels: Any, label_map: Any = None, prefix: str = "acc") -> OrderedDict[str, Any]:
        """Accuracies of a batch, through which no gradient flows.

        Args:
            logits: `(N, C)`, a tensor or an array.
            labels: `(N,)` whole numbers, a tensor of the same framework or an array.
            label_map: `(N, C)`: the label that each class of each sample stands for, where it is not the class's own
                number.
            prefix: What the names of the results begin with.

        Returns:
            `acc@k` for each `k` in the order of `topk`: scalars of the logits' framework, or numpy's for an array.

        Raises:
            InputError: The shapes do not go together, there are no samples, or `k` is more than there are classes.
        """
        if isinstance(logits, np.ndarray) and not isinstance(labels, np.ndarray | list | tuple):
            logits = ops.tensor(logits, like=labels)
        if isinstance(logits, np.ndarray) or not backend_of(logits).is_tracing():
            self._check(logits, labels)
        if isinstance(logits, np.ndarray):
            map_array = None if label_map is None else np.asarray(label_map)
            ranks = _ranks_of_array(logits, np.asarray(labels), map_array)
            return OrderedDict((f"{prefix}@{k}", np.float32((ranks < k).mean())) for k in self.topk)
        with ops.no_grad(logits):
            logits = ops.stop_gradient(logits)
            ranks = _ranks(logits, _tensor(labels, logits), None if label_map is None else _tensor(label_map, logits))
            return OrderedDict((f"{prefix}@{k}", ops.mean(ops.cast(ranks < k, "float32"))) for k in self.topk)

    def _check(self, logits: Any, labels: Any) -> None:
        shape, count = tuple(logits.shape), tuple(np.shape(labels) if isinstance(labels, list) else labels.shape)
        if len(shape) != 2 or count != shape[:1]:
            message = f"AccuracyMetric takes logits (N, C) and labels (N,), not {shape} and {count}."
            raise InputError(message)
        if not shape[0]:
            message = "AccuracyMetric was given no samples, of which there is no accuracy."
            raise InputError(message)
        if max(self.topk) > shape[1]:
            message = f"AccuracyMetric: topk={max(self.topk)} is more than the {shape[1]} classes of the logits."
            raise InputError(message)


def _tensor(values: Any, like: Tensor) -> Tensor:
    return ops.tensor(values, like=like) if isinstance(values, (np.ndarray, list, tuple)) else values


def _ranks(logits: Tensor, labels: Tensor, label_map: Tensor | None) -> Tensor:
    """How many classes rank before each sample's label; more than there are where no class has that label."""
    # Without asking for the number of classes, which a tracer would take for a constant.
    ones = ops.cast(ops.ones_like(logits[:1]), "float32")
    numbers = ops.cast(ops.cumsum(ones, dim=1), "int32") - 1
    labels = ops.reshape(labels, (-1, 1))
    stand_for = numbers if label_map is None else label_map
    is_label = stand_for == labels
    # The largest logit of the one class that is the label is its own, taken without an index that could lie outside.
    own = ops.amax(ops.where(is_label, logits, float("-inf")), dim=1, keepdim=True)
    chosen = ops.logical_and(is_label, logits == own)
    place = ops.amin(ops.where(chosen, numbers, NEVER), dim=1, keepdim=True)
    behind = ops.logical_or(logits < own, ops.logical_and(logits == own, numbers >= place))
    before = ops.sum(ops.cast(ops.logical_not(behind), "int32"), dim=1)
    known = ops.sum(ops.cast(is_label, "int32"), dim=1) > 0
    return ops.where(known, before, NEVER)


def _ranks_of_array(
    logits: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], label_map: np.ndarray[Any, Any] | None
) -> np.ndarray[Any, Any]:
    """As `_ranks`, of arrays."""
    numbers = np.arange(logits.shape[1])[None]
    is_label = (numbers if label_map is None else label_map) == labels[:, None]
    own = np.where(is_label, logits, -np.inf).max(axis=1, keepdims=True)
    place = np.where(is_label & (logits == own), numbers, NEVER).min(axis=1, keepdims=True)
    behind = (logits < own) | ((logits == own) & (numbers >= place))
    before = logits.shape[1] - behind.sum(axis=1)
    return np.where(is_label.any(axis=1), before, NEVER)
