"""Average precision of classes: exact, or in constant memory from histograms of the scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet.errors import InputError, OptionError
from polynet.metrics.metric import Array, Counts, Metric, added
from polynet.metrics.precision_recall import check_many, many_from_samples
from polynet.ops.checks import check_option
from polynet.registry import METRICS


@METRICS.register
class AveragePrecision(Metric):
    """Mean over the ranks of a class's samples of the precision up to there; percentages.

    Called with `(scores, labels)`, both `(N, C)`: labels are 1, 0, or -1 where a class is not judged. Without
    `thresholds` it keeps all scores; with them it needs the same memory for a million samples as for one.

    Args:
        average: `"macro"`: the mean over the classes, `mAP`; `None`: each class, `AP_classwise`.
        collect_device: For OpenMMLab's signature.
        prefix: What names begin with in `evaluate`; by default `multi-label`.
        thresholds: Bins of the scores, which must then lie in [0, 1]; scores in one bin count as equal.

    Raises:
        OptionError: There is no such average, or `thresholds` is no whole number of at least 2.

    Source: MMPretrain, `AveragePrecision`; with thresholds, the definition of scikit-learn for equal scores.

    Example:
        >>> scores = [[0.9, 0.8, 0.3, 0.2], [0.1, 0.2, 0.2, 0.1], [0.7, 0.5, 0.9, 0.3], [0.8, 0.1, 0.1, 0.2]]
        >>> labels = [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]]
        >>> round(AveragePrecision()(scores, labels)["mAP"], 4)
        70.8333
    """

    default_prefix = "multi-label"

    def __init__(
        self,
        average: str | None = "macro",
        collect_device: str = "cpu",
        prefix: str | None = None,
        thresholds: int | None = None,
    ) -> None:
        super().__init__(prefix, collect_device)
        if average is not None:
            check_option("AveragePrecision", "average", average, ("macro",))
        if thresholds is not None and (
            isinstance(thresholds, bool) or not isinstance(thresholds, int) or thresholds < 2
        ):
            message = f"AveragePrecision: thresholds is a whole number of at least 2, or None, not {thresholds!r}."
            raise OptionError(message)
        self.average = average
        self.thresholds = thresholds

    def count(self, scores: Any, labels: Any) -> Counts:
        """Histograms of each class, `(C, thresholds)`; or the scores and labels themselves."""
        scores, labels = check_many("AveragePrecision", scores, labels)
        if self.thresholds is None:
            return {"scores": scores, "labels": labels}
        if not (np.min(scores) >= 0 and np.max(scores) <= 1):
            message = "AveragePrecision with thresholds takes scores in [0, 1]."
            raise InputError(message)
        bins = np.minimum((scores * self.thresholds).astype(np.int64), self.thresholds - 1)
        return {"positive": self._histogram(bins, labels == 1), "negative": self._histogram(bins, labels == 0)}

    def _histogram(self, bins: Array, chosen: Array) -> Array:
        count = int(self.thresholds or 0)
        classes = bins.shape[1]
        places = (bins + np.arange(classes)[None] * count)[chosen]
        return np.bincount(places, minlength=classes * count).reshape(classes, count)

    def update(self, *batch: Any, **options: Any) -> None:
        """Add a batch; without thresholds its scores are kept."""
        counts = self.count(*batch, **options)
        self.results = [*self.results, counts] if self.thresholds is None else [added([*self.results, counts])]

    def compute_metrics(self, results: Sequence[Counts]) -> dict[str, Any]:
        """The figures of several batches' counts."""
        if self.thresholds is None and results:
            return self.figures({name: np.concatenate([each[name] for each in results]) for name in results[0]})
        return super().compute_metrics(results)

    def figures(self, counts: Counts) -> dict[str, Any]:
        """`mAP`, or `AP_classwise`."""
        if self.thresholds is None:
            classes = range(counts["scores"].shape[1])
            found = [exact(counts["scores"][:, each], counts["labels"][:, each]) for each in classes]
        else:
            found = [binned(*pair) for pair in zip(counts["positive"], counts["negative"], strict=True)]
        if self.average is None:
            return {"AP_classwise": [100.0 * value for value in found]}
        return {"mAP": 100.0 * float(np.mean(found))}

    def from_samples(self, samples: Sequence[Any]) -> tuple[Any, ...]:
        """Scores, and labels as rows of zeros and ones."""
        return many_from_samples(samples)


def exact(scores: Array, labels: Array) -> float:
    """Average precision of one class; samples of equal scores rank as they come. 0 where no sample is positive.

    Example:
        >>> exact(np.array([0.9, 0.8, 0.7]), np.array([1, 0, 1])).__round__(4)
        0.8333
    """
    judged = labels != -1
    order = np.argsort(-scores[judged], kind="stable")
    positive = labels[judged][order] == 1
    total = int(positive.sum())
    if not total:
        return 0.0
    ranks = np.flatnonzero(positive) + 1
    return float(np.sum(np.arange(1, total + 1) / ranks) / total)


def binned(positive: Array, negative: Array) -> float:
    """Average precision of one class from histograms of its samples' scores, lowest bin first.

    Example:
        >>> binned(np.array([0, 1, 1]), np.array([0, 1, 0])).__round__(4)
        0.8333
    """
    hits = np.cumsum(positive[::-1])
    total = hits[-1]
    if not total:
        return 0.0
    ranked = np.maximum(hits + np.cumsum(negative[::-1]), 1)
    return float(np.sum(positive[::-1] * hits / ranked) / total)
