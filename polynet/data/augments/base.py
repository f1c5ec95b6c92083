"""What augmentations of batches share: a generator of their own, and targets as scores."""

from __future__ import annotations

import abc
from typing import Any

import numpy as np

from polynet import ops
from polynet.errors import InputError, OptionError


class BatchAugment(abc.ABC):
    """Base of augmentations of batches; a subclass writes `apply(inputs, targets)`, which draws from `generator`.

    Attributes:
        generator: What is random is drawn from it: a `numpy.random.Generator`. It begins at the seed 0; whoever trains
            seeds it anew for each batch, so that a run that is resumed draws what an unbroken one would.

    Example:
        >>> class Darken(BatchAugment):
        ...     def apply(self, inputs, targets):
        ...         return inputs * self.generator.uniform(0.5, 1.0), targets
        >>> darken = Darken()
        >>> darken.seed(7)
        >>> inputs, _ = darken(np.ones((1, 1, 1, 1)), np.zeros((1, 2)))
        >>> round(float(inputs.item()), 4)
        0.8125
    """

    _generator: np.random.Generator | None = None
    _entropy: tuple[int, ...] = (0,)

    @property
    def generator(self) -> np.random.Generator:
        """What is random is drawn from it."""
        if self._generator is None:  # made when first used: most are seeded for every batch, and not all draw
            self._generator = np.random.default_rng(self._entropy)
        return self._generator

    @generator.setter
    def generator(self, generator: np.random.Generator) -> None:
        if not isinstance(generator, np.random.Generator):
            message = f"A generator is a numpy.random.Generator, not {type(generator).__name__}."
            raise OptionError(message)
        self._generator = generator

    def seed(self, *entropy: int) -> None:
        """Begin anew from one or several whole numbers of at least 0."""
        self._entropy, self._generator = tuple(int(each) for each in entropy), None

    def state(self) -> dict[str, Any]:
        """The generator's state, for a checkpoint."""
        return dict(self.generator.bit_generator.state)

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.generator.bit_generator.state = state

    def __call__(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        """Augment a batch.

        Args:
            inputs: Images `(N, C, H, W)`, an array or a tensor; bytes stay bytes. They are not changed.
            targets: Their scores `(N, C)`, or labels `(N,)` where the augmentation was told the number of classes.

        Returns:
            Images and targets.

        Raises:
            InputError: They have other shapes.
        """
        if getattr(inputs, "ndim", None) != 4:
            shape = tuple(getattr(inputs, "shape", ())) or type(inputs).__name__
            message = f"{type(self).__name__} takes images (N, C, H, W), not {shape}."
            raise InputError(message)
        if targets is not None and targets.shape[0] != inputs.shape[0]:
            message = f"{type(self).__name__} was given {inputs.shape[0]} images and {targets.shape[0]} targets."
            raise InputError(message)
        return self.apply(inputs, targets)

    @abc.abstractmethod
    def apply(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        """What is done to a batch whose shapes were checked."""


def as_scores(owner: Any, targets: Any, classes: int | None, smoothing: float = 0.0) -> Any:
    """Targets as scores `(N, C)`: labels become one-hot.

    Args:
        owner: Whose messages these are.
        targets: Labels `(N,)` or scores `(N, C)`, an array or a tensor.
        classes: How many classes there are; needed for labels alone.
        smoothing: The share of each target that is spread evenly over all classes.

    Raises:
        InputError: They have another shape, a label is no class, or how many classes there are is not known.

    Example:
        >>> as_scores("Mixup", np.array([1]), 2, smoothing=0.1)
        array([[0.05, 0.95]], dtype=float32)
    """
    name = owner if isinstance(owner, str) else type(owner).__name__
    if targets.ndim == 1:
        if classes is None:
            message = f"{name} mixes scores (N, C) and was given labels; tell it num_classes, and it makes scores."
            raise InputError(message)
        targets = _one_hot(name, targets, classes)
    elif targets.ndim != 2:
        message = f"{name} takes labels (N,) or scores (N, C), not {tuple(targets.shape)}."
        raise InputError(message)
    if not smoothing:
        return targets
    return targets * (1.0 - smoothing) + smoothing / targets.shape[1]


def _one_hot(name: str, labels: Any, classes: int) -> Any:
    if not isinstance(labels, np.ndarray):
        return ops.cast(ops.one_hot(labels, classes), "float32")
    if len(labels) and (labels.min() < 0 or labels.max() >= classes):
        wrong = labels[(labels < 0) | (labels >= classes)][0]
        message = f"{name}: the label {wrong} is no class; they count from 0 to {classes - 1}."
        raise InputError(message)
    scores = np.zeros((len(labels), classes), np.float32)
    scores[np.arange(len(labels)), labels] = 1.0
    return scores


def check_share(owner: Any, name: str, value: Any) -> float:
    """A number between 0 and 1.

    Raises:
        OptionError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 <= value <= 1.0:
        of = owner if isinstance(owner, str) else type(owner).__name__
        message = f"{of}: {name} lies between 0 and 1, not {value!r}."
        raise OptionError(message)
    return float(value)


def check_alpha(owner: Any, name: str, value: Any, *, at_least: float | None = None) -> float:
    """A parameter of a beta distribution: above 0, or 0 where that means none.

    Raises:
        OptionError: It is none.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not (value > 0 or value == at_least) or value == float("inf"):
        allowed = "greater than 0" if at_least is None else "0 or greater"
        message = f"{type(owner).__name__}: {name} is a number {allowed}, not {value!r}."
        raise OptionError(message)
    return float(value)


def check_minmax(owner: Any, minmax: Any) -> tuple[float, float] | None:
    """The least and greatest side of a box as shares of an image's, or `None`.

    Raises:
        OptionError: They are not two numbers, the lesser first, between 0 and 1.
    """
    if minmax is None:
        return None
    pair = tuple(minmax) if isinstance(minmax, (list, tuple)) else ()
    if len(pair) != 2 or not 0 <= pair[0] < pair[1] <= 1:
        message = f"{type(owner).__name__}: cutmix_minmax is two shares of an image's sides, not {minmax!r}."
        raise OptionError(message)
    return float(pair[0]), float(pair[1])
