"""Metrics of one's own in MMEngine's form: gather something of every batch, and make figures of it at the end."""

from __future__ import annotations

import abc
import warnings
from collections.abc import Callable, Mapping
from itertools import chain, zip_longest
from typing import Any, ClassVar

from polynet.errors import InputTypeError

Gather = Callable[[list[Any]], list[list[Any]]]
"""Gives the results of all processes for those of one, the first process's first."""

_MISSING = object()


class BaseMetric(abc.ABC):
    """A metric whose `process` appends to `results` and whose `compute_metrics` makes figures of them.

    Args:
        collect_device: For MMEngine's signature: where results would be gathered.
        prefix: What the names of the figures begin with, before a slash; by default `default_prefix`.
        collect_dir: For MMEngine's signature, likewise.

    Attributes:
        results: What `process` gathered.
        dataset_meta: What the evaluator says of the data set.

    Raises:
        TypeError: A subclass lacks `process` or `compute_metrics`.

    Source: MMEngine, `mmengine.evaluator.BaseMetric`.

    Example:
        >>> class Right(BaseMetric):
        ...     def process(self, data, preds):
        ...         self.results.append(float((data[1] == preds[0]).mean()))
        ...     def compute_metrics(self, results):
        ...         return {"accuracy": sum(results) / len(results)}
        >>> metric = Right(prefix="val")
        >>> metric.process((None, np.array([1, 2])), (np.array([1, 3]),))
        >>> metric.evaluate(size=2)
        {'val/accuracy': 0.5}
    """

    default_prefix: ClassVar[str | None] = None

    def __init__(self, collect_device: str = "cpu", prefix: str | None = None, collect_dir: str | None = None) -> None:
        self.collect_device = collect_device
        self.collect_dir = collect_dir
        self.prefix = prefix if prefix is not None else self.default_prefix
        self.results: list[Any] = []
        self.dataset_meta: Any = None

    @abc.abstractmethod
    def process(self, data_batch: Any, data_samples: Any) -> None:
        """Take in one batch.

        Args:
            data_batch: What the loader gave.
            data_samples: What the model predicted: what its `forward` returned in mode `"predict"`; data samples as
                dictionaries.
        """

    @abc.abstractmethod
    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """The figures, by name, of everything gathered."""

    def evaluate(self, size: int, gather: Gather | None = None) -> dict[str, Any]:
        """The figures under the prefix; what was gathered is then forgotten.

        Args:
            size: How many samples there are: processes that share them may have repeated some to have equal shares.
            gather: Gives the results of all processes; see `together`.

        Raises:
            InputTypeError: `compute_metrics` did not give a dictionary.
        """
        if not self.results:
            message = f"{type(self).__name__} gathered nothing: its process() has to append to self.results."
            warnings.warn(message, UserWarning, stacklevel=2)
        self.results = together(self.results, size, gather)
        try:
            figures = self.compute_metrics(self.results)
        finally:
            self.results = []
        if not isinstance(figures, Mapping):
            message = f"compute_metrics of {type(self).__name__} gives a dictionary, not {type(figures).__name__}."
            raise InputTypeError(message)
        return {f"{self.prefix}/{name}" if self.prefix else str(name): value for name, value in figures.items()}


def together(results: list[Any], size: int, gather: Gather | None) -> list[Any]:
    """The results of all processes, in the order of the samples, those dropped that were repeated.

    Args:
        results: Those of this process.
        size: How many samples there are in all.
        gather: Gives those of all processes; `None` where there is but one.

    Example:
        >>> together([0, 2], 3, lambda mine: [mine, [1, 0]])
        [0, 1, 2]
    """
    if gather is None:
        return results
    rounds = zip_longest(*gather(results), fillvalue=_MISSING)
    merged = [each for each in chain.from_iterable(rounds) if each is not _MISSING]
    return merged[:size] if size else merged
