"""What metrics share: counts that add up batch by batch, and the two ways in which they are called.

A metric turns a batch into *counts*, arrays that add up over batches, and counts into figures. So a million predictions
need no more memory than one batch, batches may be measured on several machines and added, and one class serves both
protocols: `metric(scores, labels)` of Scepter and EssentialMC2, and `process` … `evaluate` of OpenMMLab.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from polynet import ops
from polynet.backend import backend_of_class
from polynet.errors import InputError, OptionError

Array = np.ndarray[Any, np.dtype[Any]]
Counts = dict[str, Array]


class Metric:
    """Base of the metrics that add up.

    A subclass implements `count(*batch)`, which gives the counts of a batch, and `figures(counts)`; and, for
    OpenMMLab's protocol, `from_samples(samples)`, which gives the arguments of `count`.

    Args:
        prefix: What the names of the figures of `evaluate` begin with, before a slash; by default the metric's own.
        collect_device: For OpenMMLab's signature. Counts are numpy arrays, wherever the predictions were.

    Attributes:
        results: The counts so far, one entry; OpenMMLab's name.
        dataset_meta: What OpenMMLab's evaluator says of the dataset.
    """

    default_prefix: ClassVar[str | None] = None

    def __init__(self, prefix: str | None = None, collect_device: str = "cpu") -> None:
        self.prefix = prefix if prefix is not None else self.default_prefix
        self.collect_device = collect_device
        self.results: list[Counts] = []
        self.dataset_meta: Any = None

    def count(self, *batch: Any) -> Counts:
        """The counts of a batch."""
        raise NotImplementedError

    def figures(self, counts: Counts) -> dict[str, Any]:
        """What counts come to, by name."""
        raise NotImplementedError

    def from_samples(self, samples: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments of `count` that data samples hold."""
        return np.stack([scores_of(sample) for sample in samples]), np.concatenate(
            [labels_of(each) for each in samples]
        )

    def __call__(self, *batch: Any, **options: Any) -> dict[str, Any]:
        """The figures of one batch alone, through which no gradient flows."""
        return self.figures(self.count(*batch, **options))

    def update(self, *batch: Any, **options: Any) -> None:
        """Add a batch to those measured so far.

        Raises:
            InputError: The batch does not have the shapes the metric takes; nothing is then added.
        """
        counts = self.count(*batch, **options)
        self.results = [added([*self.results, counts])]

    def compute(self) -> dict[str, Any]:
        """The figures of all batches since the last `reset`.

        Raises:
            InputError: There were none.
        """
        return self.compute_metrics(self.results)

    def reset(self) -> None:
        """Forget all batches."""
        self.results = []

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Add a batch of data samples: mappings or objects with `pred_score` or `pred_label`, and the truth."""
        self.update(*self.from_samples(data_samples))

    def compute_metrics(self, results: Sequence[Counts]) -> dict[str, Any]:
        """The figures of counts from several batches or machines.

        Raises:
            InputError: There are none.
        """
        if not results:
            message = f"{type(self).__name__} has measured nothing yet."
            raise InputError(message)
        return self.figures(added(results))

    def evaluate(self, size: int | None = None) -> dict[str, Any]:
        """The figures of all batches, under the prefix; then forget them.

        Args:
            size: How many samples there are; for OpenMMLab's signature.
        """
        figures = self.compute_metrics(self.results)
        self.reset()
        return {f"{self.prefix}/{name}" if self.prefix else name: value for name, value in figures.items()}


def added(results: Sequence[Counts]) -> Counts:
    """The sum of counts; where one array is shorter, zeros stand for what it lacks.

    Raises:
        InputError: The arrays have different numbers of axes.

    Example:
        >>> added([{"hits": np.array([1, 2])}, {"hits": np.array([1, 1, 1])}])["hits"].tolist()
        [2, 3, 1]
    """
    total: Counts = {}
    for counts in results:
        for name, array in counts.items():
            total[name] = array if name not in total else _sum(total[name], array)
    return total


def _sum(left: Array, right: Array) -> Array:
    if left.shape == right.shape:
        return left + right
    if left.ndim != right.ndim:
        message = f"Counts of shapes {left.shape} and {right.shape} do not add up."
        raise InputError(message)
    shape = tuple(max(pair) for pair in zip(left.shape, right.shape, strict=True))
    total = np.zeros(shape, np.result_type(left, right))
    for each in (left, right):
        total[tuple(slice(length) for length in each.shape)] += each
    return total


def as_array(values: Any, what: str = "values") -> Array:
    """A tensor of any framework, an array or nested lists, as an array.

    Raises:
        InputError: It is none of these.
    """
    if isinstance(values, np.ndarray):
        return values
    if backend_of_class(type(values)) is not None:
        return ops.to_numpy(values)
    try:
        return np.asarray([as_array(each) for each in values]) if _is_nested(values) else np.asarray(values)
    except (TypeError, ValueError) as error:
        message = f"{what} must be a tensor, an array or lists of numbers, not {type(values).__name__}."
        raise InputError(message) from error


def _is_nested(values: Any) -> bool:
    return isinstance(values, (list, tuple)) and any(backend_of_class(type(each)) is not None for each in values)


def check_scores(owner: str, scores: Any) -> Array:
    """Scores as an array `(N, C)`.

    Raises:
        InputError: They have another shape, are no numbers, or there are none.
    """
    array = as_array(scores, "scores")
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind not in "fiub":
        message = f"{owner} takes scores (N, C) of at least one sample, not {array.dtype.name} {array.shape}."
        raise InputError(message)
    return array


def check_labels(owner: str, labels: Any, count: int, classes: int | None) -> Array:
    """Labels as an array `(N,)` of whole numbers.

    Raises:
        InputError: They have another shape or type, or one is no class.
    """
    array = as_array(labels, "labels").reshape(-1)
    if len(array) != count:
        message = f"{owner} was given {count} predictions and {len(array)} labels."
        raise InputError(message)
    if array.dtype.kind not in "iub" and not (array == np.floor(array)).all():
        message = f"{owner} takes whole numbers for labels, not {array.dtype.name}."
        raise InputError(message)
    array = array.astype(np.int64)
    if len(array) and (array.min() < 0 or (classes is not None and array.max() >= classes)):
        allowed = "from 0" if classes is None else f"from 0 to {classes - 1}"
        wrong = array[(array < 0) | (array >= (classes or np.inf))][0]
        message = f"{owner}: the label {wrong} is no class; they count {allowed}."
        raise InputError(message)
    return array


def check_counts(owner: str, argument: str, value: Any) -> tuple[int, ...]:
    """One whole number or several, each at least 1.

    Raises:
        OptionError: They are not.
    """
    given = (value,) if isinstance(value, int) else value
    numbers = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else ()
    if not numbers or any(isinstance(each, bool) or not isinstance(each, int) or each < 1 for each in numbers):
        message = f"{owner}: {argument} is a whole number of at least 1, or a list of them, not {value!r}."
        raise OptionError(message)
    return numbers


def field(sample: Any, name: str, default: Any = None) -> Any:
    """What a data sample, a mapping or an object, holds under a name."""
    if isinstance(sample, Mapping):
        return sample.get(name, default)
    return getattr(sample, name, default)


def scores_of(sample: Any) -> Array:
    """The predicted scores of a data sample, `(C,)`.

    Raises:
        InputError: It holds none.
    """
    scores = field(sample, "pred_score")
    if scores is None:
        message = "A data sample needs `pred_score`, the scores of its classes."
        raise InputError(message)
    return as_array(scores, "pred_score").reshape(-1)


def labels_of(sample: Any, name: str = "gt_label") -> Array:
    """The labels of a data sample, one or several.

    Raises:
        InputError: It holds none.
    """
    labels = field(sample, name)
    if labels is None:
        message = f"A data sample needs `{name}`."
        raise InputError(message)
    return as_array(labels, name).reshape(-1)
