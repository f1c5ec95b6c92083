"""Measuring predictions batch by batch, by one metric or several."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet import ops
from polynet.backend import backend_of_class
from polynet.data.data_sample import DataElement
from polynet.errors import InputError, OptionError, PolyNetError
from polynet.metrics.keyed import KeyedMetric
from polynet.metrics.metric import Metric, as_array, field
from polynet.metrics.prediction import AverageLoss, Prediction, softmax
from polynet.metrics.process_metric import BaseMetric, Gather, together
from polynet.registry import build_part


class Evaluator:
    """Gives every batch and its predictions to metrics, and collects their figures at the end.

    A metric is MMEngine's (`process`, `evaluate`), one of PolyNet's, or a `KeyedMetric`; or a function of logits and
    labels, such as Scepter's metrics, which is called with all of them at the end, as numpy arrays.

    Args:
        metrics: A metric or its config (`type` may be a class), or a list of these.

    Attributes:
        metrics: The metrics.
        gather: In a run of several processes, what gives the results of all of them for those of one.
        dataset_meta: What is known of the data set; setting it tells every metric.

    Raises:
        OptionError: Something is no metric.
        PolyNetError: A metric cannot be built; the message says which.

    Source: MMEngine, `mmengine.evaluator.Evaluator`.

    Example:
        >>> evaluator = Evaluator([{"type": "Accuracy", "topk": 1}, "AverageLoss"])
        >>> evaluator.process(Prediction(np.eye(3)[:2], np.array([0, 2]), loss=0.5))
        >>> evaluator.evaluate(2)
        {'accuracy/top1': 50.0, 'loss': 0.5}
    """

    gather: Gather | None = None

    def __init__(self, metrics: Any) -> None:
        each = metrics if isinstance(metrics, (list, tuple)) else [metrics]
        self.metrics = [_metric(one, number) for number, one in enumerate(each)]
        self._dataset_meta: Any = None

    @property
    def dataset_meta(self) -> Any:
        """What is known of the data set."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, meta: Any) -> None:
        self._dataset_meta = meta
        for metric in self.metrics:
            metric.dataset_meta = meta

    def process(self, data_samples: Any, data_batch: Any = None) -> None:
        """Give every metric one batch.

        Args:
            data_samples: What the model predicted, in the form that it returned. Data samples become dictionaries.
            data_batch: What the loader gave.
        """
        plain = _plain(data_samples)
        for metric in self.metrics:
            if isinstance(metric, KeyedMetric):
                _add(metric, data_batch, data_samples)
            elif isinstance(metric, Metric) and not isinstance(metric, AverageLoss):
                _measure(metric, data_batch, data_samples)
            else:
                metric.process(data_batch, plain)

    def evaluate(self, size: int = 0) -> dict[str, Any]:
        """The figures of all metrics; every one then begins anew.

        Args:
            size: How many samples there are.

        Raises:
            InputError: Two metrics have a figure of the same name, or one has measured nothing.
        """
        figures: dict[str, Any] = {}
        for metric in self.metrics:
            for name, value in self._figures(metric, size).items():
                if name in figures:
                    message = (
                        f"There are multiple evaluation results with the same metric name {name}. "
                        f"Please make sure all metrics have different prefixes."
                    )
                    raise InputError(message)
                figures[name] = _as_number(value)
        return figures

    def reset(self) -> None:
        """Forget the batches so far: of an evaluation that was not carried to its end, say."""
        for metric in self.metrics:
            if callable(getattr(metric, "reset", None)):
                metric.reset()
            else:
                metric.results = []

    def offline_evaluate(
        self, data_samples: Sequence[Any], data: Sequence[Any] | None = None, chunk_size: int = 1
    ) -> dict[str, Any]:
        """The figures of predictions that were made before.

        Args:
            data_samples: The predictions, one for each sample.
            data: What the loader gave for each, or nothing.
            chunk_size: How many samples are given to the metrics at a time.

        Raises:
            InputError: There are not as many data as predictions.
        """
        if data is not None and len(data) != len(data_samples):
            message = f"There are {len(data_samples)} predictions and {len(data)} data."
            raise InputError(message)
        for start in range(0, len(data_samples), chunk_size):
            rows = slice(start, start + chunk_size)
            self.process([*data_samples[rows]], None if data is None else [*data[rows]])
        return self.evaluate(len(data_samples))

    def _figures(self, metric: Any, size: int) -> Mapping[str, Any]:
        if isinstance(metric, KeyedMetric):
            if self.gather is not None:
                metric.merge(self.gather)
            found = metric.compute()
            return found if isinstance(found, Mapping) else {metric.name: found}
        if isinstance(metric, BaseMetric):
            # A metric of one's own may know nothing of several processes.
            return metric.evaluate(size) if self.gather is None else metric.evaluate(size, self.gather)
        if isinstance(metric, Metric):
            # Counts are no samples: all of them are needed, whatever the number of samples.
            metric.results = together(metric.results, 0, self.gather)
        figures: Mapping[str, Any] = metric.evaluate(size)
        return figures


def _as_number(figure: Any) -> Any:
    """A figure that is one number, in a framework's tensor or numpy's, as a plain number; any other as it is."""
    if backend_of_class(type(figure)) is not None:
        figure = ops.to_numpy(figure)
    if isinstance(figure, (np.ndarray, np.generic)) and figure.ndim == 0:
        return figure.item()
    return figure


def _metric(config: Any, number: int) -> Any:
    """A metric from a config."""
    if inspect.isfunction(config):  # no config: what is called with logits and labels
        return KeyedMetric(config, ("logits", "labels"))
    try:
        metric = build_part("metric", config, "metric")
    except PolyNetError as error:
        error.within(str(number))
        raise
    if isinstance(metric, KeyedMetric) or callable(getattr(metric, "process", None)):
        return metric
    if callable(metric):
        return KeyedMetric(metric, ("logits", "labels"))
    message = f"A metric has process() and evaluate(), or is called with logits and labels; {metric!r:.80} is neither."
    raise OptionError(message)


def _plain(predictions: Any) -> Any:
    """Predictions with data samples as dictionaries."""
    if isinstance(predictions, list) and any(isinstance(each, DataElement) for each in predictions):
        return [each.to_dict() if isinstance(each, DataElement) else each for each in predictions]
    return predictions


def _measure(metric: Metric, batch: Any, predictions: Any) -> None:
    """Give one of PolyNet's metrics the scores and labels of a batch."""
    if not isinstance(predictions, Prediction):
        metric.process(batch, predictions)
        return
    if predictions.labels is None:
        message = f"{type(metric).__name__} compares with labels, and there are none in the batch."
        raise InputError(message)
    metric.update(softmax(predictions.logits), as_array(predictions.labels, "labels"))


def _add(metric: KeyedMetric, batch: Any, predictions: Any) -> None:
    """Give a keyed metric what it may look for."""
    named = dict(batch) if isinstance(batch, Mapping) else {}
    if isinstance(predictions, Prediction):
        metric.add({**named, "gt_label": predictions.labels}, predictions._asdict())
    elif _are_samples(predictions):
        names = ("pred_score", "pred_label", "gt_label", "gt_score")
        columns = {name: _column(predictions, name) for name in names}
        known = {name: values for name, values in columns.items() if values is not None}
        metric.add({**named, **known, "logits": known.get("pred_score"), "labels": known.get("gt_label")}, {})
    else:
        metric.add(named, predictions)


def _are_samples(predictions: Any) -> bool:
    return (
        isinstance(predictions, Sequence)
        and bool(predictions)
        and all(isinstance(each, (DataElement, Mapping)) for each in predictions)
    )


def _column(samples: Sequence[Any], name: str) -> Any:
    """A field of all samples as one array, one row for each; `None` where one has none."""
    values = [field(sample, name) for sample in samples]
    if any(value is None for value in values):
        return None
    arrays = [ops.to_numpy(value) if backend_of_class(type(value)) is not None else value for value in values]
    joined = as_array(arrays, name)
    return joined[:, 0] if name.endswith("label") and joined.ndim == 2 and joined.shape[1] == 1 else joined
