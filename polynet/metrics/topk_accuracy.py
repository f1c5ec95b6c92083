"""Accuracy of the best few classes, above thresholds, as MMPretrain has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet.errors import InputError
from polynet.metrics.metric import (
    Array,
    Counts,
    Metric,
    as_array,
    check_counts,
    check_labels,
    check_scores,
    field,
    labels_of,
    scores_of,
)
from polynet.metrics.thresholds import Threshold, check_thresholds, suffixes
from polynet.registry import METRICS


@METRICS.register
class Accuracy(Metric):
    """Percentage of samples whose label is among the `k` classes with the highest scores.

    Of classes with equal scores the one with the lower number ranks first. Called with `(scores, labels)`: `(N, C)`
    scores, or `(N,)` predicted labels, of which there is a top-1 accuracy alone.

    Args:
        topk: The number `k`, or several.
        thrs: Scores that the label's own must exceed to count, one or several; `None` for none.
        collect_device: For OpenMMLab's signature.
        prefix: What names begin with in `evaluate`; by default `accuracy`.

    Raises:
        OptionError: A `k` is no whole number of at least 1, or a threshold no number.

    Source: MMPretrain, `Accuracy`.

    Example:
        >>> Accuracy(topk=(1, 5))(np.eye(6)[:4] + 0.1, np.array([0, 1, 3, 3]))
        {'top1': 75.0, 'top5': 100.0}
    """

    default_prefix = "accuracy"

    def __init__(
        self,
        topk: int | Sequence[int] = (1,),
        thrs: Threshold | Sequence[Threshold] = 0.0,
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix, collect_device)
        self.topk = check_counts("Accuracy", "topk", topk)
        self.thrs = check_thresholds("Accuracy", thrs)

    def count(self, scores: Any, labels: Any) -> Counts:
        """Hits of each `k` and threshold, `(K, T)`, and the number of samples."""
        scores = as_array(scores, "scores")
        if scores.ndim == 1:
            labels = check_labels("Accuracy", labels, len(scores), None)
            return {"hits": np.array([[np.sum(scores == labels)]]), "samples": np.array(len(labels))}
        scores = check_scores("Accuracy", scores)
        if max(self.topk) > scores.shape[1]:
            message = (
                f"Top-{max(self.topk)} accuracy is unavailable since the number of categories is {scores.shape[1]}."
            )
            raise InputError(message)
        labels = check_labels("Accuracy", labels, len(scores), scores.shape[1])
        own = np.take_along_axis(scores, labels[:, None], axis=1)
        rank = ranks(scores, own, labels)
        counted = [True if threshold is None else own[:, 0] > threshold for threshold in self.thrs]
        hits = np.array([[np.sum((rank < k) & above) for above in counted] for k in self.topk])
        return {"hits": hits, "samples": np.array(len(labels))}

    def figures(self, counts: Counts) -> dict[str, float]:
        """Percentages: `top1`, with several thresholds `top1_thr-0.50` and `top1_no-thr`."""
        percentages = counts["hits"] * (100.0 / counts["samples"])
        names = suffixes(self.thrs)
        return {
            f"top{k}{name}": float(percentages[row, column])
            for row, k in enumerate(self.topk[: len(percentages)])
            for column, name in enumerate(names[: percentages.shape[1]])
        }

    def from_samples(self, samples: Sequence[Any]) -> tuple[Any, ...]:
        """Scores, or predicted labels where there are no scores, and labels."""
        labels = np.concatenate([labels_of(sample) for sample in samples])
        if field(samples[0], "pred_score") is None:
            return np.concatenate([labels_of(sample, "pred_label") for sample in samples]), labels
        return np.stack([scores_of(sample) for sample in samples]), labels


def ranks(scores: Array, own: Array, labels: Array) -> Array:
    """How many classes rank before each sample's own: those of a higher score, and the first of an equal one.

    A score that is not a number ranks before all others.
    """
    equal = scores == own
    behind: Array = np.count_nonzero(scores < own, axis=1)
    if np.count_nonzero(equal) > len(scores):
        equal &= np.arange(scores.shape[1])[None] >= labels[:, None]
    # Where no class but the label's own has its score, that one is all there is to add.
    return np.asarray(scores.shape[1] - behind - np.count_nonzero(equal, axis=1))
