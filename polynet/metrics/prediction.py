"""What a classification task predicts for a batch, and the average of its loss."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from polynet.metrics.metric import Array, Counts, Metric, as_array, field
from polynet.registry import METRICS


class Prediction(NamedTuple):
    """The predictions for a batch; a tuple, as MMEngine's models give it.

    Attributes:
        logits: What the network gave, `(N, C)`.
        labels: What is true, `(N,)` or `(N, C)`; `None` where that is not known.
        loss: The mean loss of the batch; `None` likewise.
    """

    logits: Any
    labels: Any = None
    loss: Any = None


def softmax(logits: Any) -> Array:
    """Scores that add up to 1, as an array of float32.

    Example:
        >>> softmax(np.zeros((1, 2), np.float32)).tolist()
        [[0.5, 0.5]]
    """
    array = as_array(logits, "logits").astype(np.float32)
    powers = np.exp(array - array.max(axis=-1, keepdims=True))
    scores: Array = powers / powers.sum(axis=-1, keepdims=True)
    return scores


@METRICS.register
class AverageLoss(Metric):
    """The mean loss over all samples, of batches of any sizes.

    Called with the mean losses of batches and their sizes.

    Args:
        collect_device: For OpenMMLab's signature.
        prefix: What names begin with in `evaluate`; none by default.

    Example:
        >>> metric = AverageLoss()
        >>> metric.process(None, Prediction(np.zeros((3, 2)), np.zeros(3), 1.0))
        >>> metric.process(None, Prediction(np.zeros((1, 2)), np.zeros(1), 3.0))
        >>> metric.evaluate(4)
        {'loss': 1.5}
    """

    def __init__(self, collect_device: str = "cpu", prefix: str | None = None) -> None:
        super().__init__(prefix, collect_device)

    def count(self, losses: Any, sizes: Any = 1) -> Counts:
        """The sum of the losses of samples, and their number."""
        sizes = np.asarray(sizes, np.int64)
        return {"sum": np.sum(as_array(losses, "losses").astype(np.float64) * sizes), "samples": np.sum(sizes)}

    def figures(self, counts: Counts) -> dict[str, float]:
        """The mean, as `loss`."""
        return {"loss": float(counts["sum"] / counts["samples"])}

    def process(self, data_batch: Any, data_samples: Any) -> None:
        """Add a batch's loss; a batch whose loss is not known counts for nothing."""
        loss = field(data_samples, "loss")
        if loss is not None:
            logits = field(data_samples, "logits")
            self.update(loss, 1 if logits is None else len(logits))
