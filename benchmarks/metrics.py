"""Metrics of a million predictions, fed batch by batch, against torchmetrics on the same tensors.

torchmetrics' own checks of its arguments are switched off; PolyNet's stay. What is very slow there is measured on a
share of the predictions, on both sides.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from benchmarks.timing import Result, interleaved
from polynet.backend import get_backend
from polynet.registry import METRICS

BATCHES = 100
BATCH = 10_000
CLASSES = 100
LABELS = 10
DISTINCT = 5
"""Batches that are made; they are fed again and again, so that the data need no more memory than these."""


class Pair(NamedTuple):
    """A metric of PolyNet, what computes the same in torchmetrics, and how their figures are read to be compared."""

    name: str
    ours: dict[str, Any]
    theirs: Callable[[Any], Any]
    read: Callable[[dict[str, Any]], Any]
    read_theirs: Callable[[Any], Any] = lambda value: value
    batches: int = BATCHES
    has_many_labels: bool = False
    tolerance: float = 1e-5


def pairs() -> list[Pair]:
    """What is compared."""
    classes = {"num_classes": CLASSES, "validate_args": False}

    def precision_recall(judge: Any) -> Any:
        collection = importlib.import_module("torchmetrics").MetricCollection
        made = (judge.MulticlassPrecision, judge.MulticlassRecall, judge.MulticlassF1Score)
        return collection([each(**classes) for each in made])

    return [
        Pair(
            "top-1 accuracy",
            {"name": "Accuracy", "topk": 1},
            lambda judge: judge.MulticlassAccuracy(average="micro", **classes),
            lambda found: found["top1"] / 100,
        ),
        Pair(
            "top-5 accuracy",
            {"name": "Accuracy", "topk": 5},
            lambda judge: judge.MulticlassAccuracy(average="micro", top_k=5, **classes),
            lambda found: found["top5"] / 100,
            batches=5,
        ),
        Pair(
            "precision, recall, F1",
            {"name": "SingleLabelMetric", "thrs": None},
            precision_recall,
            lambda found: found["f1-score"] / 100,
            lambda found: found["MulticlassF1Score"],
        ),
        Pair(
            "confusion matrix",
            {"name": "ConfusionMatrix"},
            lambda judge: judge.MulticlassConfusionMatrix(**classes),
            lambda found: found["result"],
            tolerance=0,
        ),
        Pair(
            "calibration error, 15 bins",
            {"name": "CalibrationError", "bins": 15},
            lambda judge: judge.MulticlassCalibrationError(n_bins=15, **classes),
            lambda found: found["ECE"],
            batches=20,
        ),
        Pair(
            "average precision, 100 bins",
            {"name": "AveragePrecision", "thresholds": 100},
            lambda judge: judge.MultilabelAveragePrecision(num_labels=LABELS, thresholds=101, validate_args=False),
            lambda found: found["mAP"] / 100,
            batches=1,
            has_many_labels=True,
            tolerance=1e-2,  # it sums at the bins' edges, PolyNet at the bins
        ),
    ]


def run(quick: bool = False) -> Iterator[Result]:
    """Each metric: every batch, then the figures. Nothing without torchmetrics."""
    if importlib.util.find_spec("torchmetrics") is None:
        print("metrics: torchmetrics, which they are compared with, is not installed", file=sys.stderr)
        return
    torch = importlib.import_module("torch")
    judge = importlib.import_module("torchmetrics.classification")
    get_backend("torch").seed(0)
    for pair in pairs():
        width = LABELS if pair.has_many_labels else CLASSES
        scores = [torch.randn(BATCH, width).softmax(1) for _ in range(DISTINCT)]
        if pair.has_many_labels:
            labels = [torch.randint(0, 2, (BATCH, width)) for _ in range(DISTINCT)]
        else:
            labels = [torch.randint(0, width, (BATCH,)) for _ in range(DISTINCT)]
        yield _compared(pair, judge, list(zip(scores, labels, strict=True)), rounds=3 if quick else 5)


def _compared(pair: Pair, judge: Any, data: list[tuple[Any, Any]], rounds: int) -> Result:
    """Time both.

    Raises:
        AssertionError: They do not measure the same.
    """
    metric, other = METRICS.build(pair.ours), pair.theirs(judge)

    def measured(each: Any) -> Any:
        each.reset()
        for index in range(pair.batches):
            each.update(*data[index % DISTINCT])
        return each.compute()

    np.testing.assert_allclose(
        np.asarray(pair.read(measured(metric)), np.float64),
        np.asarray(pair.read_theirs(measured(other)), np.float64),
        rtol=pair.tolerance,
        err_msg=pair.name,
    )
    timing = interleaved(lambda: measured(metric), lambda: measured(other), rounds=rounds, warm_up=0)
    count = pair.batches * BATCH
    return timing.result(f"metrics: {pair.name}, {count:,} predictions", "at most 2.00")
