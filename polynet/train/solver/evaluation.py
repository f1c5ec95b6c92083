"""What a solver makes of an evaluation: the mean of every scalar, and metrics of what is collected over all batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from polynet.errors import ConfigKeyError
from polynet.metrics.keyed import KeyedMetric
from polynet.metrics.process_metric import Gather
from polynet.weights.atomic import replacing


class CollectingEvaluator:
    """Averages the scalars of every batch, and measures what is collected over all of them.

    Args:
        metrics: A metric's config and the keys of what it is called with, or several of them:
            `{"metric": {"type": "accuracy", "topk": (1, 5)}, "keys": ("logits", "gt_label")}`; or Scepter's form, in
            which `KEYS` stands in the metric's own config.
        extra_keys: Further entries to collect, `"meta.image_path"` for one within another.
        keep: Says where to write what was collected, an `.npz`; `None` for nowhere.

    Attributes:
        figures: Those of the latest evaluation.
        gather: In a run of several processes, what gives the results of all of them for those of one.

    Raises:
        ConfigKeyError: A metric has no `keys`.

    Source: EssentialMC2, `EvaluationSolver`.

    Example:
        >>> evaluator = CollectingEvaluator([{"metric": {"type": "accuracy"}, "keys": ("logits", "gt_label")}])
        >>> evaluator.process({"logits": np.array([[1.0, 2.0], [3.0, 1.0]])}, {"gt_label": np.array([1, 1])})
        >>> {name: float(value) for name, value in evaluator.evaluate().items()}
        {'acc@1': 0.5}
    """

    gather: Gather | None = None

    def __init__(
        self, metrics: Any = (), extra_keys: Iterable[str] = (), keep: Callable[[], Path | None] | None = None
    ) -> None:
        listed = [metrics] if isinstance(metrics, Mapping) else list(metrics or ())
        self.metrics = [_metric(each) for each in listed]
        keys = sorted({key for metric in self.metrics for key in metric.keys} | set(extra_keys))
        self.collected = KeyedMetric(_Named(keys), keys) if keys and keep is not None else None
        self.figures: dict[str, Any] = {}
        self._keep = keep
        self._sums: dict[str, list[float]] = {}

    def process(self, data_samples: Mapping[str, Any], data_batch: Any) -> None:
        """Take in one batch.

        Args:
            data_samples: What the network gave.
            data_batch: The batch.

        Raises:
            ConfigKeyError: An entry to collect is in neither.
        """
        batch = data_batch if isinstance(data_batch, Mapping) else {}
        for keyed in self._all():
            keyed.add(batch, data_samples)
        weight = float(data_samples.get("batch_size", 1))
        for name, value in data_samples.items():
            if name != "batch_size" and (isinstance(value, (int, float)) or getattr(value, "ndim", None) == 0):
                total = self._sums.setdefault(name, [0.0, 0.0])
                total[0] += weight * float(value)
                total[1] += weight

    def evaluate(self, size: int = 0) -> dict[str, Any]:
        """The figures of all batches; then forget them.

        Args:
            size: How many samples there are; not needed.
        """
        sums = self._gathered_sums()
        if self.gather is not None:
            for keyed in self._all():
                keyed.merge(self.gather)
        figures: dict[str, Any] = {name: total / weight for name, (total, weight) in sums.items()}
        for metric in self.metrics:
            figures.update(metric.compute())
        if self.collected is not None and self._keep is not None:
            arrays, path = self.collected.compute(), self._keep()
            if path is not None:
                written: dict[str, Any] = {key: np.asarray(value) for key, value in arrays.items()}
                with replacing(path) as file:
                    np.savez(file, **written)
        self._sums, self.figures = {}, figures
        return figures

    def reset(self) -> None:
        """Forget the batches so far."""
        self._sums = {}
        for keyed in self._all():
            keyed.reset()

    def _all(self) -> list[KeyedMetric]:
        return self.metrics if self.collected is None else [*self.metrics, self.collected]

    def _gathered_sums(self) -> dict[str, list[float]]:
        if self.gather is None:
            return self._sums
        every = [each[0] for each in self.gather([self._sums])]
        names = [name for name in every[0] if all(name in each for each in every)]
        return {name: [sum(each[name][place] for each in every) for place in (0, 1)] for name in names}


class _Named:
    """Gives what it is called with by name."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = keys

    def __call__(self, *values: Any) -> dict[str, Any]:
        return dict(zip(self.keys, values, strict=True))


def _metric(config: Mapping[str, Any]) -> KeyedMetric:
    keys = config.get("keys", config.get("KEYS"))
    if keys is None:
        message = f"A solver's metric needs `keys`, what it is called with: ('logits', 'gt_label'); {config} has none."
        raise ConfigKeyError(message)
    own = {key: value for key, value in config.items() if key not in ("KEYS", "keys")}
    return KeyedMetric(config.get("metric", own), keys)
