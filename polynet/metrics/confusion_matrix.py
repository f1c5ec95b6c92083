"""How often each class was taken for each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet.errors import InputError, OptionError
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
from polynet.registry import METRICS


@METRICS.register
class ConfusionMatrix(Metric):
    """A matrix `(C, C)`: rows are true classes, columns predicted ones.

    Called with `(scores, labels)`: `(N, C)` scores, or `(N,)` predicted labels with `num_classes` set.

    Args:
        num_classes: Needed for predicted labels.
        collect_device: For OpenMMLab's signature.
        prefix: What names begin with in `evaluate`; by default `confusion_matrix`.

    Raises:
        OptionError: `num_classes` is no whole number of at least 1.

    Source: MMPretrain, `ConfusionMatrix`.

    Example:
        >>> ConfusionMatrix(num_classes=2)([0, 1, 1], [0, 0, 1])["result"].tolist()
        [[1, 1], [0, 1]]
    """

    default_prefix = "confusion_matrix"

    def __init__(self, num_classes: int | None = None, collect_device: str = "cpu", prefix: str | None = None) -> None:
        super().__init__(prefix, collect_device)
        if num_classes is not None and (
            isinstance(num_classes, bool) or not isinstance(num_classes, int) or num_classes < 1
        ):
            message = f"ConfusionMatrix: num_classes is a whole number of at least 1, not {num_classes!r}."
            raise OptionError(message)
        self.num_classes = num_classes

    def count(self, scores: Any, labels: Any) -> Counts:
        """The matrix of a batch."""
        scores = as_array(scores, "scores")
        if scores.ndim == 1:
            if self.num_classes is None:
                message = "ConfusionMatrix needs num_classes to judge predicted labels; scores say it themselves."
                raise InputError(message)
            classes = self.num_classes
            predicted = check_labels("ConfusionMatrix", scores, len(scores), classes)
        else:
            scores = check_scores("ConfusionMatrix", scores)
            classes, predicted = scores.shape[1], scores.argmax(axis=1)
        labels = check_labels("ConfusionMatrix", labels, len(predicted), classes)
        return {"matrix": np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)}

    def figures(self, counts: Counts) -> dict[str, Array]:
        """`result`, the matrix."""
        return {"result": counts["matrix"]}

    def from_samples(self, samples: Sequence[Any]) -> tuple[Any, ...]:
        """Scores, or predicted labels where there are no scores, and labels."""
        labels = np.concatenate([labels_of(sample) for sample in samples])
        if field(samples[0], "pred_score") is None:
            return np.concatenate([labels_of(sample, "pred_label") for sample in samples]), labels
        return np.stack([scores_of(sample) for sample in samples]), labels
