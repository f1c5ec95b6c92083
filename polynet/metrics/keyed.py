"""A metric over many batches, which finds what it needs among inputs and outputs by key."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from polynet.backend import backend_of_class, get_backend
from polynet.errors import ConfigKeyError, InputError, OptionError, suggest
from polynet.registry import build_part

RESULT = "result"
"""The key of an output that is no dictionary."""


class KeyedMetric:
    """Gathers values of every batch by key, and calls a metric with all of them at the end.

    Args:
        metric: A metric, its config, or a function: what is called with the gathered values, as numpy arrays, in the
            order of the keys. It gives figures by name, or one.
        keys: Where they are found in a batch and in what the network made of it, which wins: `"logits"`,
            `"gt_label"`; `"meta.path"` for what lies in a dictionary within; `"result"` for an output that is no
            dictionary.

    Raises:
        OptionError: There are no keys.

    Source: EssentialMC2, the metrics of `EvaluationSolver`, which fails at an output that is no dictionary.

    Example:
        >>> metric = KeyedMetric({"type": "accuracy", "topk": 1}, keys=["result", "gt_label"])
        >>> metric.add({"gt_label": np.array([0, 1])}, np.array([[0.9, 0.1], [0.8, 0.2]]))
        >>> metric.add({"gt_label": np.array([1])}, np.array([[0.3, 0.7]]))
        >>> {key: round(float(value), 3) for key, value in metric.compute().items()}
        {'acc@1': 0.667}
    """

    def __init__(self, metric: Any, keys: Sequence[str] = ("logits", "gt_label")) -> None:
        if isinstance(keys, str) or not keys:
            message = f"keys is a list of keys, such as ['logits', 'gt_label'], not {keys!r}."
            raise OptionError(message)
        self.metric = metric if inspect.isfunction(metric) else build_part("metric", metric, "metric")
        self.keys = tuple(keys)
        self._gathered: dict[str, list[Any]] = {key: [] for key in self.keys}

    @property
    def name(self) -> str:
        """What the one figure of a metric without names for them is called: its class's or function's name."""
        return str(getattr(self.metric, "__name__", type(self.metric).__name__))

    def add(self, batch: Mapping[str, Any], output: Any) -> None:
        """Gather the values of one batch; tensors as arrays, so that no graph of a framework is kept alive.

        Args:
            batch: What the network was called with, by name.
            output: What it returned.

        Raises:
            ConfigKeyError: A key is in neither; nothing is then gathered.
        """
        everything = {**batch, **(output if isinstance(output, Mapping) else {RESULT: output})}
        values = [_as_array(_found(everything, key)) for key in self.keys]
        for key, value in zip(self.keys, values, strict=True):
            self._gathered[key].append(value)

    def compute(self) -> Any:
        """What the metric says of everything gathered, which is then forgotten.

        Raises:
            InputError: Nothing was gathered.
        """
        if not self._gathered[self.keys[0]]:
            message = f"{self.name} has nothing to measure: no batch was added."
            raise InputError(message)
        whole = [_joined(self._gathered[key]) for key in self.keys]
        self.reset()
        return self.metric(*whole)

    def merge(self, gather: Callable[[list[Any]], list[list[Any]]]) -> None:
        """Take in what other processes gathered, whose values come in the order of the processes.

        Args:
            gather: Gives the lists of all processes for that of one.
        """
        for key, values in self._gathered.items():
            self._gathered[key] = [each for process in gather(values) for each in process]

    def reset(self) -> None:
        """Forget what was gathered."""
        for values in self._gathered.values():
            values.clear()


def _found(values: Any, path: str) -> Any:
    """A value by a dotted key; a key with a dot of its own comes first."""
    if isinstance(values, Mapping) and path in values:
        return values[path]
    first, dot, rest = path.partition(".")
    if dot and isinstance(values, Mapping) and first in values:
        return _found(values[first], rest)
    known = list(map(str, values)) if isinstance(values, Mapping) else []
    message = f"A metric's key {path!r} is in neither batch nor output; there are {', '.join(known) or 'no keys'}."
    raise ConfigKeyError(message + suggest(path, known))


def _as_array(value: Any) -> Any:
    name = backend_of_class(type(value))
    return value if name is None else get_backend(name).numpy(value)


def _joined(values: list[Any]) -> Any:
    """The batches' values as one: arrays along the first axis, lists one after another."""
    if all(isinstance(value, np.ndarray) and value.ndim for value in values):
        return np.concatenate(values)
    if all(isinstance(value, (list, tuple)) for value in values):
        return [item for value in values for item in value]
    return np.asarray(values)
