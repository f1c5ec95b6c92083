"""Accuracy of samples that were looked at several times, such as the clips of one video."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet.errors import InputError
from polynet.metrics.accuracy import AccuracyMetric
from polynet.metrics.metric import as_array, check_labels, check_scores
from polynet.ops.checks import check_option
from polynet.registry import METRICS


@METRICS.register(aliases=["ensemble_accuracy"])
class EnsembleAccuracyMetric:
    """Top-k accuracy of logits that are brought together over the rows with one key; the first row's label counts.

    Called with `(logits, labels, keys)`: `(N, C)`, `(N,)`, and a key for each row: numbers or strings.

    Args:
        topk: The number `k`, or several.
        ensemble_method: `"avg"` or `"max"`.

    Raises:
        OptionError: A `k` is no whole number of at least 1, or there is no such method.

    Source: Scepter, `EnsembleAccuracyMetric`, which does not run as it stands there.

    Example:
        >>> logits = np.array([[3.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
        >>> dict(EnsembleAccuracyMetric()(logits, [0, 0, 1], ["a", "a", "b"]))
        {'acc@1': 1.0}
    """

    def __init__(self, topk: int | Sequence[int] = 1, ensemble_method: str = "avg") -> None:
        check_option("EnsembleAccuracyMetric", "ensemble_method", ensemble_method, ("avg", "max"))
        self.ensemble_method = ensemble_method
        self.accuracy = AccuracyMetric(topk)

    def __call__(self, logits: Any, labels: Any, keys: Any, prefix: str = "acc") -> OrderedDict[str, Any]:
        """Accuracies of a batch, `acc@k` for each `k`.

        Raises:
            InputError: The shapes do not go together, or rows with one key have different labels.
        """
        scores = check_scores("EnsembleAccuracyMetric", logits)
        truths = check_labels("EnsembleAccuracyMetric", labels, len(scores), None)
        names = as_array(keys, "keys").reshape(-1)
        if len(names) != len(scores):
            message = f"EnsembleAccuracyMetric was given {len(scores)} rows and {len(names)} keys."
            raise InputError(message)
        _, first, group = np.unique(names, return_index=True, return_inverse=True)
        if (truths[first][group] != truths).any():
            wrong = names[truths[first][group] != truths][0].item()
            message = f"EnsembleAccuracyMetric: the rows of key {wrong!r} have different labels."
            raise InputError(message)
        together = np.full((len(first), scores.shape[1]), -np.inf if self.ensemble_method == "max" else 0.0)
        combine = np.maximum if self.ensemble_method == "max" else np.add
        combine.at(together, group, scores)
        if self.ensemble_method == "avg":
            together /= np.bincount(group)[:, None]
        found = self.accuracy(together, truths[first], prefix=prefix)
        return OrderedDict((name, float(value)) for name, value in found.items())
