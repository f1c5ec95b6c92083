"""How well a search ranks what belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet.errors import InputError, OptionError
from polynet.metrics.metric import Array, Counts, Metric, as_array, check_counts, field, labels_of
from polynet.metrics.precision_recall import many_from_samples
from polynet.ops.checks import check_option
from polynet.registry import METRICS


class Retrieval(Metric):
    """Base of both: ranked answers and relevant ones, given as scores and marks, or as numbers.

    Called with `(scores, relevant, pred_indices=False, target_indices=False)`: scores and marks `(N, M)`; with
    `pred_indices` a list of answers, best first, for each query, with `target_indices` a list of relevant answers.
    """

    default_prefix = "retrieval"

    def judged(self, scores: Any, relevant: Any, pred_indices: bool, target_indices: bool, depth: int) -> list[Array]:
        """For each query, the places, from 0, at which relevant answers stand among the best, and last their number."""
        answers = [_answers(row, pred_indices)[:depth] for row in scores]
        wanted = [_wanted(row, target_indices) for row in relevant]
        if len(answers) != len(wanted) or not answers:
            message = f"{type(self).__name__} was given {len(answers)} queries and relevant answers of {len(wanted)}."
            raise InputError(message)
        found = [np.flatnonzero(np.isin(answer, true)) for answer, true in zip(answers, wanted, strict=True)]
        return [np.append(places, len(true)) for places, true in zip(found, wanted, strict=True)]

    def from_samples(self, samples: Sequence[Any]) -> tuple[Any, ...]:
        """Scores and marks; or ranked labels and relevant ones where there are no scores."""
        if field(samples[0], "pred_score") is not None:
            return many_from_samples(samples)
        return [labels_of(each, "pred_label") for each in samples], [labels_of(each) for each in samples], True, True


def _answers(row: Any, are_numbers: bool) -> Array:
    row = as_array(row, "the answers").reshape(-1)
    return row if are_numbers else np.argsort(-row, kind="stable")


def _wanted(row: Any, are_numbers: bool) -> Array:
    row = as_array(row, "the relevant answers").reshape(-1)
    return row if are_numbers else np.flatnonzero(row == 1)


@METRICS.register
class RetrievalRecall(Retrieval):
    """Percentage of queries with a relevant answer among the best `k`.

    Args:
        topk: The number `k`, or several.
        collect_device: For OpenMMLab's signature.
        prefix: What names begin with in `evaluate`; by default `retrieval`.

    Raises:
        OptionError: A `k` is no whole number of at least 1.

    Source: MMPretrain, `RetrievalRecall`.

    Example:
        >>> RetrievalRecall(topk=(1, 2))([[0.9, 0.1, 0.0], [0.3, 0.5, 0.2]], [[1, 0, 0], [1, 0, 0]])
        {'Recall@1': 50.0, 'Recall@2': 100.0}
    """

    def __init__(self, topk: int | Sequence[int], collect_device: str = "cpu", prefix: str | None = None) -> None:
        super().__init__(prefix, collect_device)
        self.topk = check_counts("RetrievalRecall", "topk", topk)

    def count(self, scores: Any, relevant: Any, pred_indices: bool = False, target_indices: bool = False) -> Counts:
        """Hits of each `k`, and the number of queries."""
        queries = self.judged(scores, relevant, pred_indices, target_indices, max(self.topk))
        hits = [sum(len(query) > 1 and query[0] < k for query in queries) for k in self.topk]
        return {"hits": np.array(hits), "queries": np.array(len(queries))}

    def figures(self, counts: Counts) -> dict[str, float]:
        """`Recall@k` for each `k`."""
        percentages = counts["hits"] * (100.0 / counts["queries"])
        return {f"Recall@{k}": float(value) for k, value in zip(self.topk, percentages, strict=True)}


@METRICS.register
class RetrievalAveragePrecision(Retrieval):
    """Mean over the queries of the average precision of their best answers; a percentage.

    Args:
        topk: How many answers are looked at.
        mode: `"IR"`, the precision at each relevant answer; `"integrate"`, the area under the curve of precision by
            the trapezoid rule, as for the Oxford and Paris buildings.
        collect_device: For OpenMMLab's signature.
        prefix: What names begin with in `evaluate`; by default `retrieval`.

    Raises:
        OptionError: `topk` is no whole number of at least 1, or there is no such mode.

    Source: MMPretrain, `RetrievalAveragePrecision`.

    Example:
        >>> answers, relevant = [range(100)] * 3, [[0, 3, 6, 8, 35], [1, 2, 54, 105], [2, 42, 205]]
        >>> round(RetrievalAveragePrecision(topk=10)(answers, relevant, True, True)["mAP@10"], 4)
        29.246
    """

    def __init__(
        self, topk: int | None = None, mode: str = "IR", collect_device: str = "cpu", prefix: str | None = None
    ) -> None:
        super().__init__(prefix, collect_device)
        if not isinstance(topk, int):
            message = f"RetrievalAveragePrecision: topk is a whole number of at least 1, not {topk!r}."
            raise OptionError(message)
        self.topk = check_counts("RetrievalAveragePrecision", "topk", topk)[0]
        check_option("RetrievalAveragePrecision", "mode", mode, ("IR", "integrate"))
        self.mode = mode

    def count(self, scores: Any, relevant: Any, pred_indices: bool = False, target_indices: bool = False) -> Counts:
        """The sum of the queries' average precisions, and their number."""
        queries = self.judged(scores, relevant, pred_indices, target_indices, self.topk)
        total = sum(self._of_query(query[:-1], int(query[-1])) for query in queries)
        return {"total": np.array(total, np.float64), "queries": np.array(len(queries))}

    def _of_query(self, places: Array, relevant: int) -> float:
        if not relevant:
            return 0.0
        found = np.arange(len(places))
        precision = (found + 1) / (places + 1)
        if self.mode == "integrate":
            before = np.where(places > 0, found / np.maximum(places, 1), 1.0)
            precision = (before + precision) / 2
        return float(precision.sum()) / relevant

    def figures(self, counts: Counts) -> dict[str, float]:
        """`mAP@k`."""
        return {f"mAP@{self.topk}": float(100.0 * counts["total"] / counts["queries"])}
