"""Metrics of many labels a sample for Pascal VOC, where an object may be marked as difficult."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polynet.errors import OptionError
from polynet.metrics.average_precision import AveragePrecision
from polynet.metrics.metric import Array, field, labels_of
from polynet.metrics.precision_recall import MultiLabelMetric, many_from_samples
from polynet.registry import METRICS


def with_difficult(samples: Sequence[Any], difficult_as_positive: bool | None) -> tuple[Array, Array]:
    """Scores and labels `(N, C)`; a class that only difficult objects of a sample have is treated as asked.

    Args:
        samples: Data samples with `gt_label_difficult` beside the rest.
        difficult_as_positive: Count such a class as present, as absent, or, for `None`, not at all.
    """
    scores, labels = many_from_samples(samples)
    value = -1 if difficult_as_positive is None else int(difficult_as_positive)
    for row, sample in zip(labels, samples, strict=True):
        difficult = set(labels_of(sample, "gt_label_difficult").tolist())
        plain = set() if field(sample, "gt_label") is None else set(labels_of(sample).tolist())
        row[sorted(difficult - plain)] = value
    return scores, labels


def _check(owner: str, difficult_as_positive: Any) -> bool | None:
    if difficult_as_positive is None or isinstance(difficult_as_positive, bool):
        return difficult_as_positive
    message = f"{owner}: difficult_as_positive is True, False or None, not {difficult_as_positive!r}."
    raise OptionError(message)


@METRICS.register
class VOCMultiLabelMetric(MultiLabelMetric):
    """`MultiLabelMetric` of data samples some of whose objects are difficult.

    Args:
        *arguments: Those of `MultiLabelMetric`.
        difficult_as_positive: Whether a class that only difficult objects have counts as present; by default it is not
            judged.
        **options: Those of `MultiLabelMetric`.

    Raises:
        OptionError: `difficult_as_positive` is no truth value.

    Source: MMPretrain, `VOCMultiLabelMetric`.

    Example:
        >>> metric = VOCMultiLabelMetric(items=("precision",))
        >>> sample = {"pred_score": np.array([0.9, 0.8]), "gt_label": [0], "gt_label_difficult": [1]}
        >>> metric.process(None, [sample])
        >>> metric.evaluate()
        {'multi-label/precision': 50.0}
    """

    def __init__(self, *arguments: Any, difficult_as_positive: bool | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.difficult_as_positive = _check("VOCMultiLabelMetric", difficult_as_positive)

    def from_samples(self, samples: Sequence[Any]) -> tuple[Any, ...]:
        """Scores and labels, difficult ones treated as asked."""
        return with_difficult(samples, self.difficult_as_positive)


@METRICS.register
class VOCAveragePrecision(AveragePrecision):
    """`AveragePrecision` of data samples some of whose objects are difficult.

    Args:
        *arguments: Those of `AveragePrecision`.
        difficult_as_positive: Whether a class that only difficult objects have counts as present; by default it is not
            judged.
        **options: Those of `AveragePrecision`.

    Raises:
        OptionError: `difficult_as_positive` is no truth value.

    Source: MMPretrain, `VOCAveragePrecision`.

    Example:
        >>> metric = VOCAveragePrecision(difficult_as_positive=True)
        >>> sample = {"pred_score": np.array([0.9, 0.8]), "gt_label": [0], "gt_label_difficult": [1]}
        >>> metric.process(None, [sample])
        >>> metric.evaluate()
        {'multi-label/mAP': 100.0}
    """

    def __init__(self, *arguments: Any, difficult_as_positive: bool | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.difficult_as_positive = _check("VOCAveragePrecision", difficult_as_positive)

    def from_samples(self, samples: Sequence[Any]) -> tuple[Any, ...]:
        """Scores and labels, difficult ones treated as asked."""
        return with_difficult(samples, self.difficult_as_positive)
