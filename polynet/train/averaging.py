"""Averages of a model's weights over training, which often generalise better than the last weights do."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from polynet import nn, ops
from polynet.backend import backend_of
from polynet.errors import InputError, OptionError
from polynet.slots import Slot
from polynet.types import NativeModule

LOGGER = logging.getLogger("polynet.train")


class _Pairs:
    """Tensors of an average beside those they follow; found anew after a copy or an unpickling."""

    def __init__(self) -> None:
        self.source: NativeModule = None
        self.steps: Slot | None = None
        self.averaged: list[tuple[Slot, Slot]] = []
        self.copied: list[tuple[Slot, Slot]] = []

    def __deepcopy__(self, memo: dict[int, Any]) -> _Pairs:
        return _Pairs()

    def __reduce__(self) -> tuple[type[_Pairs], tuple[()]]:
        return _Pairs, ()


class BaseAveragedModel(nn.Module):
    """Base of averages: a copy of a model whose weights move towards the model's at every update.

    The first update copies. Numbers stay in the framework and are moved in place, all tensors by as few calls as it
    allows. Whole numbers are copied.

    Args:
        model: The model to average; it is copied.
        interval: Updates between two that count.
        device: Where to keep the average, by its neutral name; by default where the model is.
        update_buffers: Whether to average buffers as well; else each update copies them.

    Attributes:
        module: The copy. It is not trained.
        steps: How many updates there were, as a tensor, so that it is saved with the weights.

    Raises:
        OptionError: `interval` is no whole number above 0.

    Source: MMEngine, `mmengine/model/averaged_model.py`.
    """

    if TYPE_CHECKING:
        steps: Any

    def __init__(
        self, model: NativeModule, interval: int = 1, device: str | None = None, update_buffers: bool = False
    ) -> None:
        super().__init__()
        if isinstance(interval, bool) or not isinstance(interval, int) or interval < 1:
            message = f"interval counts updates and is a whole number of at least 1, not {interval!r}."
            raise OptionError(message)
        backend = backend_of(model)
        self.module = backend.copied(model)
        if device is not None:
            backend.place(self.module, backend.resolve_device(device))
        for slot in backend.slots(self.module).values():
            if slot.kind == "parameter":
                slot.tensor.requires_grad = False
        self.interval = interval
        self.update_buffers = update_buffers
        self.register_buffer("steps", ops.tensor(0, dtype="int64"))
        self._pairs = _Pairs()

    def forward(self, *arguments: Any, **options: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*arguments, **options)

    def weight_of(self, steps: int) -> float:
        """How far the average moves towards the model at an update, from 0 to 1; subclasses say it.

        Args:
            steps: How many updates there were before; at least 1.
        """
        raise NotImplementedError

    def update_parameters(self, model: NativeModule, *, steps: int | None = None) -> None:
        """Move the average towards a model.

        Args:
            model: The model as it is now, of the same architecture.
            steps: How many updates there were, from a caller who counts them; else it is read from `self.steps`, for
                which the framework may have to finish what it is doing.

        Raises:
            InputError: The model has other tensors than the one averaged.
        """
        pairs = self._paired(model)
        if steps is None:
            steps = int(backend_of(self).numpy(self.steps))
        if steps == 0:
            self.copy_from(model)
        else:
            if steps % self.interval == 0:
                _move(pairs.averaged, self.weight_of(steps))
            _move(pairs.copied, 1.0)
        self.count(steps + 1)

    def count(self, steps: int) -> None:
        """Set how many updates there were."""
        pairs = self._pairs
        if pairs.steps is None:
            pairs.steps = backend_of(self).slots(self)["steps"]
        pairs.steps.write(np.asarray(steps))

    def copy_from(self, model: NativeModule) -> None:
        """Take a model's weights and buffers as they are."""
        pairs = self._paired(model)
        _move([*pairs.averaged, *pairs.copied], 1.0)

    def swap(self, model: NativeModule) -> None:
        """Exchange the average's weights and buffers with a model's, so that the model computes with the average.

        A second call exchanges them back.
        """
        pairs = self._paired(model)
        both = [*pairs.averaged, *pairs.copied]
        backend_of(self).swap_([mine.tensor for mine, _ in both], [theirs.tensor for _, theirs in both])

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """The averaged weights and buffers as arrays, by their canonical names in the model."""
        return {name: slot.read() for name, slot in backend_of(self).slots(self.module).items()}

    def load_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Take back what `state` gave, on whichever framework.

        Raises:
            InputError: Names or shapes are not the model's; nothing is changed.
        """
        slots = backend_of(self).slots(self.module)
        _check_names(slots, state, "The average")
        for name, slot in slots.items():
            if tuple(np.shape(state[name])) != slot.shape:
                message = f"The average's {name} has shape {slot.shape}; a state of {np.shape(state[name])} was given."
                raise InputError(message)
        for name, slot in slots.items():
            slot.write(np.asarray(state[name]))

    def _paired(self, model: NativeModule) -> _Pairs:
        pairs = self._pairs
        if pairs.source is model:
            return pairs
        backend = backend_of(self)
        mine, theirs = backend.slots(self.module), backend.slots(model)
        _check_names(mine, theirs, "The averaged model")
        pairs.averaged, pairs.copied = [], []
        seen: set[int] = set()
        for name, slot in mine.items():
            if id(slot.tensor) in seen:
                continue
            seen.add(id(slot.tensor))
            is_averaged = (slot.kind == "parameter" or self.update_buffers) and "float" in slot.dtype
            (pairs.averaged if is_averaged else pairs.copied).append((slot, theirs[name]))
        pairs.source = model
        return pairs


def _check_names(mine: Mapping[str, Any], theirs: Mapping[str, Any], what: str) -> None:
    for name in [*mine, *theirs]:
        if name not in mine or name not in theirs:
            has = "has" if name in mine else "has no"
            message = f"{what} {has} {name}, which the given one {'lacks' if name in mine else 'has'}."
            raise InputError(message)


def _move(pairs: list[tuple[Slot, Slot]], weight: float) -> None:
    if pairs:
        targets = [mine.tensor for mine, _ in pairs]
        backend_of(targets[0]).lerp_(targets, [theirs.tensor for _, theirs in pairs], weight)


class StochasticWeightAverage(BaseAveragedModel):
    """The plain mean of all weights at updates: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better
    Generalization", 2018.

    Args: as `BaseAveragedModel`.

    Source: MMEngine, `StochasticWeightAverage`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = nn.Linear(1, 1)
        ...     mean = StochasticWeightAverage(net)
        >>> for value in (1.0, 2.0, 6.0):
        ...     _ = net.weight.data.fill_(value)
        ...     mean.update_parameters(net)
        >>> round(float(mean.module.weight), 6)
        3.0
    """

    def weight_of(self, steps: int) -> float:
        """One over how many updates have counted, this one included."""
        return 1.0 / (steps // self.interval + 1)


class ExponentialMovingAverage(BaseAveragedModel):
    """`average = (1 - momentum) * average + momentum * model`.

    Computed as `average + momentum * (model - average)`, which rounds less: an average of unchanging weights is those
    weights.

    Args:
        model: The model to average; it is copied.
        momentum: How far to move at each update; above 0 and below 1. Beware of libraries whose momentum is one minus
            this, timm and BaseCls among them.
        interval: Updates between two that count.
        device: Where to keep the average.
        update_buffers: Whether to average buffers as well.

    Raises:
        OptionError: `momentum` lies outside its range.

    Source: MMEngine, `ExponentialMovingAverage`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = nn.Linear(1, 1)
        ...     mean = ExponentialMovingAverage(net, momentum=0.5)
        >>> for value in (1.0, 2.0, 6.0):
        ...     _ = net.weight.data.fill_(value)
        ...     mean.update_parameters(net)
        >>> float(mean.module.weight)
        3.75
    """

    def __init__(
        self,
        model: NativeModule,
        momentum: float = 0.0002,
        interval: int = 1,
        device: str | None = None,
        update_buffers: bool = False,
    ) -> None:
        if isinstance(momentum, bool) or not isinstance(momentum, float | int) or not 0.0 < momentum < 1.0:
            message = f"momentum must be in range (0.0, 1.0), but got {momentum!r}."
            raise OptionError(message)
        super().__init__(model, interval, device, update_buffers)
        if momentum > 0.5:
            LOGGER.warning(
                "An average with momentum %g follows the model closely. Here momentum is how far the average moves; "
                "where 0.9999 is meant as in timm or BaseCls, write 0.0001.",
                momentum,
            )
        self.momentum = momentum

    def weight_of(self, steps: int) -> float:
        """The momentum."""
        return self.momentum


class MomentumAnnealingEMA(ExponentialMovingAverage):
    """An exponential moving average whose momentum falls from 1 as `gamma / (gamma + steps)`, down to `momentum`.

    Args:
        model: The model to average; it is copied.
        momentum: The lowest momentum.
        gamma: After how many updates it has fallen to a half.
        interval: Updates between two that count.
        device: Where to keep the average.
        update_buffers: Whether to average buffers as well.

    Raises:
        OptionError: `momentum` lies outside its range, or `gamma` is not above 0.

    Source: MMEngine, `MomentumAnnealingEMA`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     mean = MomentumAnnealingEMA(nn.Linear(1, 1), momentum=0.1, gamma=4)
        >>> mean.weight_of(4), mean.weight_of(1000)
        (0.5, 0.1)
    """

    def __init__(
        self,
        model: NativeModule,
        momentum: float = 0.0002,
        gamma: int = 100,
        interval: int = 1,
        device: str | None = None,
        update_buffers: bool = False,
    ) -> None:
        if isinstance(gamma, bool) or not isinstance(gamma, int | float) or not gamma > 0:
            message = f"gamma must be greater than 0, but got {gamma!r}."
            raise OptionError(message)
        super().__init__(model, momentum, interval, device, update_buffers)
        self.gamma = gamma

    def weight_of(self, steps: int) -> float:
        """The annealed momentum."""
        return max(self.momentum, self.gamma / (self.gamma + steps))


AVERAGES: dict[str, type[BaseAveragedModel]] = {
    cls.__name__: cls for cls in (ExponentialMovingAverage, StochasticWeightAverage, MomentumAnnealingEMA)
}
"""Averages by name."""


def relative_momentum(alpha: float, total_batch_size: int, max_epochs: int, update_period: int) -> float:
    """The share of the average that an update keeps, so that it does not depend on batch size and length of training.

    Args:
        alpha: A small number such as 1e-5.
        total_batch_size: Samples in a step, over all processes.
        max_epochs: How long training lasts.
        update_period: Steps between updates.

    Source: pycls; BaseCls, `model_ema.alpha`.

    Example:
        >>> round(relative_momentum(1e-5, 1024, 100, 32), 9)
        0.9967232
    """
    return max(0.0, 1.0 - alpha * (total_batch_size / max_epochs * update_period))
