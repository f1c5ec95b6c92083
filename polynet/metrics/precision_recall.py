"""Precision, recall and F1 of classes, for one label a sample and for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet.errors import InputError, OptionError, suggest
from polynet.metrics.metric import (
    Array,
    Counts,
    Metric,
    as_array,
    check_labels,
    check_scores,
    field,
    labels_of,
    scores_of,
)
from polynet.metrics.thresholds import Threshold, check_thresholds, suffixes
from polynet.ops.checks import check_option
from polynet.registry import METRICS

ITEMS = ("precision", "recall", "f1-score", "support")
AVERAGES = ("macro", "micro")


class PrecisionRecall(Metric):
    """Base of both: what counts of hits, predictions and truths come to."""

    def __init__(
        self, items: Sequence[str], average: str | None, prefix: str | None = None, collect_device: str = "cpu"
    ) -> None:
        super().__init__(prefix, collect_device)
        owner = type(self).__name__
        if isinstance(items, str) or not set(items) <= set(ITEMS):
            wrong = items if isinstance(items, str) else next(item for item in items if item not in ITEMS)
            message = f"{owner}: items are a list of {', '.join(ITEMS)}, not {wrong!r}.{suggest(wrong, ITEMS)}"
            raise OptionError(message)
        if average is not None:
            check_option(owner, "average", average, AVERAGES)
        self.items = tuple(items)
        self.average = average

    def named(self, hits: Array, predicted: Array, true: Array, suffix: str) -> dict[str, Any]:
        """Figures of counts of each class, `(C,)`, under names with a suffix; all but the support are percentages."""
        support = true
        if self.average == "micro":
            hits, predicted, true = (np.sum(each, keepdims=True) for each in (hits, predicted, true))
        precision = 100.0 * hits / np.maximum(predicted, 1)
        recall = 100.0 * hits / np.maximum(true, 1)
        f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(np.float32).eps)
        values = dict(zip(ITEMS, (precision, recall, f1, support), strict=True))
        if self.average is None:
            return {f"{item}{suffix}_classwise": values[item].tolist() for item in self.items}
        ending = "" if self.average == "macro" else f"_{self.average}"
        totals = {item: np.sum(each) if item == "support" else np.mean(each) for item, each in values.items()}
        return {f"{item}{suffix}{ending}": totals[item].item() for item in self.items}


@METRICS.register
class SingleLabelMetric(PrecisionRecall):
    """Precision, recall and F1 where each sample has one label; percentages.

    Called with `(scores, labels)`: `(N, C)` scores, or `(N,)` predicted labels with `num_classes` set. Classes that do
    not occur count as 0 in a macro average.

    Args:
        thrs: Scores that the best one must exceed to count as a prediction, one or several; `None` for none.
        items: Which of `precision`, `recall`, `f1-score` and `support` to give.
        average: `"macro"`, the mean over the classes; `"micro"`, of all classes' counts together; `None`, each class.
        num_classes: Needed for predicted labels.
        collect_device: For OpenMMLab's signature.
        prefix: What names begin with in `evaluate`; by default `single-label`.

    Raises:
        OptionError: There is no such item or average.

    Source: MMPretrain, `SingleLabelMetric`.

    Example:
        >>> metric = SingleLabelMetric(num_classes=4)
        >>> {name: round(value, 4) for name, value in metric([0, 1, 1, 3], [0, 2, 1, 3]).items()}
        {'precision': 62.5, 'recall': 75.0, 'f1-score': 66.6667}
    """

    default_prefix = "single-label"

    def __init__(
        self,
        thrs: Threshold | Sequence[Threshold] = 0.0,
        items: Sequence[str] = ("precision", "recall", "f1-score"),
        average: str | None = "macro",
        num_classes: int | None = None,
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(items, average, prefix, collect_device)
        self.thrs = check_thresholds("SingleLabelMetric", thrs)
        self.num_classes = num_classes

    def count(self, scores: Any, labels: Any) -> Counts:
        """Hits and predictions of each threshold and class, `(T, C)`, and truths of each class, `(C,)`."""
        scores = as_array(scores, "scores")
        if scores.ndim == 1:
            return self._count_labels(scores, labels)
        scores = check_scores("SingleLabelMetric", scores)
        classes = scores.shape[1]
        labels = check_labels("SingleLabelMetric", labels, len(scores), classes)
        best = scores.argmax(axis=1)
        highest = np.take_along_axis(scores, best[:, None], axis=1)[:, 0]
        kept = [slice(None) if threshold is None else highest > threshold for threshold in self.thrs]
        return _tallied([best[keep] for keep in kept], [labels[keep] for keep in kept], labels, classes)

    def _count_labels(self, predicted: Array, labels: Any) -> Counts:
        if self.num_classes is None:
            message = "SingleLabelMetric needs num_classes to judge predicted labels; scores say it themselves."
            raise InputError(message)
        predicted = check_labels("SingleLabelMetric", predicted, len(predicted), self.num_classes)
        labels = check_labels("SingleLabelMetric", labels, len(predicted), self.num_classes)
        return _tallied([predicted], [labels], labels, self.num_classes)

    def figures(self, counts: Counts) -> dict[str, Any]:
        """Figures of each threshold."""
        found: dict[str, Any] = {}
        for hits, predicted, suffix in zip(counts["hits"], counts["predicted"], suffixes(self.thrs), strict=False):
            found.update(self.named(hits, predicted, counts["true"], suffix))
        return found

    def from_samples(self, samples: Sequence[Any]) -> tuple[Any, ...]:
        """Scores, or predicted labels where there are no scores, and labels."""
        labels = np.concatenate([labels_of(sample) for sample in samples])
        if field(samples[0], "pred_score") is None:
            if self.num_classes is None:
                self.num_classes = field(samples[0], "num_classes")
            return np.concatenate([labels_of(sample, "pred_label") for sample in samples]), labels
        return np.stack([scores_of(sample) for sample in samples]), labels


def _tallied(predicted: list[Array], true: list[Array], labels: Array, classes: int) -> Counts:
    hits = [np.bincount(guess[guess == truth], minlength=classes) for guess, truth in zip(predicted, true, strict=True)]
    return {
        "hits": np.stack(hits),
        "predicted": np.stack([np.bincount(guess, minlength=classes) for guess in predicted]),
        "true": np.bincount(labels, minlength=classes),
    }


@METRICS.register
class MultiLabelMetric(PrecisionRecall):
    """Precision, recall and F1 where a sample may have many labels; percentages.

    Called with `(scores, labels)`, both `(N, C)`: labels are 1, 0, or -1 where a class is not judged.

    Args:
        thr: Score from which on a class counts as predicted; 0.5 where neither this nor `topk` is given. It comes
            before `topk`.
        topk: How many of the highest scores count as predicted.
        items: Which of `precision`, `recall`, `f1-score` and `support` to give.
        average: `"macro"`, `"micro"` or `None`.
        collect_device: For OpenMMLab's signature.
        prefix: What names begin with in `evaluate`; by default `multi-label`.

    Raises:
        OptionError: There is no such item or average, or `topk` is below 1.

    Source: MMPretrain, `MultiLabelMetric`.

    Example:
        >>> metric = MultiLabelMetric(items=("recall",))
        >>> metric([[0.9, 0.2], [0.7, 0.8]], [[1, 1], [0, 1]])
        {'recall': 75.0}
    """

    default_prefix = "multi-label"

    def __init__(
        self,
        thr: float | None = None,
        topk: int | None = None,
        items: Sequence[str] = ("precision", "recall", "f1-score"),
        average: str | None = "macro",
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(items, average, prefix, collect_device)
        if topk is not None and (isinstance(topk, bool) or not isinstance(topk, int) or topk < 1):
            message = f"MultiLabelMetric: topk is a whole number of at least 1, not {topk!r}."
            raise OptionError(message)
        self.topk = topk
        self.thr = check_thresholds("MultiLabelMetric", 0.5 if thr is None and topk is None else thr)[0]

    def count(self, scores: Any, labels: Any) -> Counts:
        """Hits, predictions and truths of each class, `(C,)`."""
        scores, labels = check_many("MultiLabelMetric", scores, labels)
        predicted = _highest(scores, self.topk or 1) if self.thr is None else scores >= self.thr
        judged = labels != -1
        predicted, true = predicted & judged, (labels == 1) & judged
        return {"hits": (predicted & true).sum(0), "predicted": predicted.sum(0), "true": true.sum(0)}

    def figures(self, counts: Counts) -> dict[str, Any]:
        """Figures named by the threshold, unless it is 0.5, or by `topk`."""
        suffix = f"_top{self.topk}"
        if self.thr is not None:
            suffix = "" if self.thr == 0.5 else f"_thr-{self.thr:.2f}"
        return self.named(counts["hits"], counts["predicted"], counts["true"], suffix)

    def from_samples(self, samples: Sequence[Any]) -> tuple[Any, ...]:
        """Scores, and labels as rows of zeros and ones."""
        return many_from_samples(samples)


def _highest(scores: Array, count: int) -> Array:
    if count > scores.shape[1]:
        message = f"MultiLabelMetric: topk={count} is more than the {scores.shape[1]} classes of the scores."
        raise InputError(message)
    chosen = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    predicted = np.zeros(scores.shape, bool)
    np.put_along_axis(predicted, chosen, True, axis=1)
    return predicted


def check_many(owner: str, scores: Any, labels: Any) -> tuple[Array, Array]:
    """Scores and labels of many classes a sample as arrays `(N, C)`.

    Raises:
        InputError: They have other shapes, or a label is none of -1, 0 and 1.
    """
    scores, labels = check_scores(owner, scores), as_array(labels, "labels")
    if labels.shape != scores.shape:
        message = f"{owner} takes labels of the scores' shape {scores.shape}, not {labels.shape}."
        raise InputError(message)
    if not np.isin(labels, (-1, 0, 1)).all():
        message = f"{owner} takes labels that are 1, 0, or -1 for a class that is not judged."
        raise InputError(message)
    return scores, labels


def many_from_samples(samples: Sequence[Any]) -> tuple[Array, Array]:
    """Scores and labels `(N, C)` of data samples with `gt_score`, or with the numbers of their labels."""
    scores = np.stack([scores_of(sample) for sample in samples])
    labels = np.zeros(scores.shape, np.int64)
    for row, sample in zip(labels, samples, strict=True):
        given = field(sample, "gt_score")
        if given is None:
            row[check_labels("A metric of many labels", labels_of(sample), len(labels_of(sample)), len(row))] = 1
        else:
            row[:] = as_array(given, "gt_score")
    return scores, labels
