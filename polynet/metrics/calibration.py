"""Whether a network is as often right as it says it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet.errors import InputError, OptionError
from polynet.metrics.metric import Counts, Metric, check_labels, check_scores
from polynet.ops.checks import check_option
from polynet.registry import METRICS


@METRICS.register(aliases=["ExpectedCalibrationError"])
class CalibrationError(Metric):
    """How far the chance of the predicted class lies from how often it is right, over bins of that chance.

    Called with `(scores, labels)`: chances `(N, C)` that add up to 1, or with `from_logits` the scores before softmax.

    Args:
        bins: Bins of equal width in [0, 1].
        norm: `"l1"`: the mean distance, ECE; `"l2"`: the root of the mean square; `"max"`: the largest, MCE.
        from_logits: Take the softmax first.
        collect_device: For OpenMMLab's signature.
        prefix: What names begin with in `evaluate`; by default `calibration`.

    Raises:
        OptionError: `bins` is no whole number of at least 1, or there is no such norm.

    Source: Guo et al., "On Calibration of Modern Neural Networks", arXiv:1706.04599; bins as in torchmetrics.

    Example:
        >>> metric = CalibrationError(bins=2)
        >>> round(metric([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]], [0, 1, 1])["ECE"], 4)
        0.1333
    """

    default_prefix = "calibration"

    def __init__(
        self,
        bins: int = 15,
        norm: str = "l1",
        from_logits: bool = False,
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix, collect_device)
        if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
            message = f"CalibrationError: bins is a whole number of at least 1, not {bins!r}."
            raise OptionError(message)
        check_option("CalibrationError", "norm", norm, ("l1", "l2", "max"))
        self.bins = bins
        self.norm = norm
        self.from_logits = from_logits

    def count(self, scores: Any, labels: Any) -> Counts:
        """For each bin the samples, the sum of their chances, and how many were right."""
        chances = check_scores("CalibrationError", scores).astype(np.float64)
        labels = check_labels("CalibrationError", labels, len(chances), chances.shape[1])
        if self.from_logits:
            chances = np.exp(chances - chances.max(axis=1, keepdims=True))
            chances /= chances.sum(axis=1, keepdims=True)
        elif not (chances.min() >= 0 and chances.max() <= 1 + 1e-6):
            message = "CalibrationError takes chances in [0, 1]; set from_logits=True for scores before softmax."
            raise InputError(message)
        best = chances.argmax(axis=1)
        confidence = np.minimum(np.take_along_axis(chances, best[:, None], axis=1)[:, 0], 1.0)
        edges = np.linspace(0, 1, self.bins + 1)
        places = np.minimum(np.searchsorted(edges, confidence, side="right") - 1, self.bins - 1)
        return {
            "samples": np.bincount(places, minlength=self.bins),
            "confidence": np.bincount(places, confidence, minlength=self.bins),
            "right": np.bincount(places, best == labels, minlength=self.bins),
        }

    def figures(self, counts: Counts) -> dict[str, float]:
        """`ECE`, `RMSCE` or `MCE`, a share of 1."""
        samples = np.maximum(counts["samples"], 1)
        distance = np.abs(counts["right"] - counts["confidence"]) / samples
        share = counts["samples"] / counts["samples"].sum()
        if self.norm == "l1":
            return {"ECE": float(np.sum(distance * share))}
        if self.norm == "l2":
            return {"RMSCE": float(np.sqrt(np.sum(distance**2 * share)))}
        return {"MCE": float(distance.max())}
