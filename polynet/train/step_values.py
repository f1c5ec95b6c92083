"""The scalars that a training step returned, read from the framework only when somebody looks at them."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping
from typing import Any

WEIGHT = "batch_size"
"""The key whose value weighs a step in averages, and which is not shown."""


class StepValues:
    """What one step left to be shown.

    Reading a tensor waits for the framework, so values stay as they are until `values` is asked for, once for all
    hooks. Tensors are cut off from their graphs, which would otherwise live on.

    Args:
        iteration: Number of the step over all epochs, from 0.
        outputs: What the training step returned; whatever in it is no scalar is left out.

    Attributes:
        weight: Weight in averages: the step's `batch_size`, or 1.
        time: Seconds that the step took with its data, where something measures that.
        data_time: Seconds it waited for data.
        is_skipped: Whether the step was not applied; then it counts in no average.

    Example:
        >>> step = StepValues(0, {"loss": np.float32(0.5), "batch_size": 3, "logits": np.zeros(2)})
        >>> step.values, step.weight
        ({'loss': 0.5}, 3.0)
    """

    __slots__ = ("_raw", "_values", "data_time", "is_skipped", "iteration", "time", "weight")

    def __init__(self, iteration: int, outputs: Any = None) -> None:
        self.iteration = iteration
        self.weight = 1.0
        self.time: float | None = None
        self.data_time: float | None = None
        self.is_skipped = False
        self._values: dict[str, float] | None = None
        self._raw: dict[str, Any] = {}
        if isinstance(outputs, Mapping):
            for key, value in outputs.items():
                if key == WEIGHT:
                    self.weight = float(value)
                elif _is_scalar(value):
                    self._raw[key] = _cut_off(value)

    @property
    def raw(self) -> dict[str, Any]:
        """The scalars as they came: numbers, or tensors without dimensions."""
        return self._raw

    @property
    def values(self) -> dict[str, float]:
        """The scalars as numbers."""
        if self._values is None:
            self._values = {key: number_of(value) for key, value in self._raw.items()}
            self._raw = dict(self._values)
        return self._values

    def add(self, key: str, value: float) -> None:
        """Add a number to what is shown."""
        self._raw[key] = value
        if self._values is not None:
            self._values[key] = value

    def state(self) -> dict[str, Any]:
        """All of it as plain numbers."""
        return {
            "iteration": self.iteration,
            "weight": self.weight,
            "time": self.time,
            "data_time": self.data_time,
            "is_skipped": self.is_skipped,
            "values": self.values,
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> StepValues:
        """What `state` was taken of."""
        step = cls(int(state["iteration"]), state["values"])
        step.weight, step.is_skipped = float(state["weight"]), bool(state["is_skipped"])
        step.time, step.data_time = state["time"], state["data_time"]
        return step


def _cut_off(value: Any) -> Any:
    """A tensor without its graph; one that says it has none, or a number, as it is."""
    return value.detach() if hasattr(value, "detach") and getattr(value, "requires_grad", True) else value


def number_of(value: Any) -> float:
    """The number of a scalar: of a tensor by `tolist`, the fastest way that frameworks share."""
    return float(value.tolist() if hasattr(value, "tolist") else value)


def _is_scalar(value: Any) -> bool:
    if getattr(value, "ndim", None) == 0:  # asked first: it is cheaper, and most are tensors
        return not isinstance(value, complex)
    return isinstance(value, numbers.Number) and not isinstance(value, complex)


def step_of(runner: Any, outputs: Any = None) -> StepValues:
    """The values of the step that has just been done: one object for all hooks.

    Args:
        runner: The engine.
        outputs: What the step returned.
    """
    step: StepValues | None = getattr(runner, "latest_step", None)
    if step is None or step.iteration != runner.iter:
        step = runner.latest_step = StepValues(runner.iter, outputs)
        norm = getattr(runner.optim_wrapper, "last_grad_norm", None)
        if norm is not None and "grad_norm" not in step.raw:
            step.add("grad_norm", norm)
    return step


def mean_of(steps: Iterable[StepValues]) -> dict[str, float]:
    """Means of each value over the steps that have it, weighted by batch size. Steps not applied do not count.

    Example:
        >>> mean_of([StepValues(0, {"loss": 1.0, "batch_size": 2}), StepValues(1, {"loss": 4.0, "batch_size": 4})])
        {'loss': 3.0}
    """
    sums: dict[str, float] = {}
    weights: dict[str, float] = {}
    for step in steps:
        if step.is_skipped:
            continue
        for key, value in step.values.items():
            sums[key] = sums.get(key, 0.0) + step.weight * value
            weights[key] = weights.get(key, 0.0) + step.weight
    return {key: total / weights[key] if weights[key] else float("nan") for key, total in sums.items()}


def mean_time(steps: Iterable[StepValues], name: str) -> float | None:
    """Mean of `time` or `data_time` over the steps that have it; `None` where none has."""
    known = [value for step in steps if (value := getattr(step, name)) is not None]
    return sum(known) / len(known) if known else None
