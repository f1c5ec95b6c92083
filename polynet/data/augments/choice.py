"""One of several augmentations of a batch, drawn anew each time; and augmentations from configs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from polynet.data.augments.base import BatchAugment
from polynet.data.registry import AUGMENTS
from polynet.errors import ConfigTypeError, ConflictingOptionsError, PolyNetError

Augment = Callable[[Any, Any], tuple[Any, Any]]


class RandomBatchAugment(BatchAugment):
    """Applies one of several augmentations to each batch.

    Args:
        augments: Configs with `type`, or augmentations; one or several.
        probs: How likely each is taken; what is missing to 1 is how likely none is. `None`: one is always taken, each
            as likely as the other.

    Attributes:
        augments: The augmentations, and where `probs` are given `None` at the end, for none.
        probs: How likely each of these is.

    Raises:
        ConflictingOptionsError: There are not as many numbers as augmentations, or they add up to more than 1.
        PolyNetError: An augmentation cannot be built; the message says which.

    Source: MMPretrain, `RandomBatchAugment`, which changes the list of numbers it was given.

    Example:
        >>> both = [{"type": "Mixup", "alpha": 0.2}, {"type": "CutMix", "alpha": 1.0}]
        >>> augment = RandomBatchAugment(both, probs=[0.5, 0.3])
        >>> images, scores = augment(np.zeros((2, 3, 4, 4), np.float32), np.eye(2, dtype=np.float32))
        >>> images.shape, [round(each, 6) for each in augment.probs]
        ((2, 3, 4, 4), [0.5, 0.3, 0.2])
    """

    def __init__(self, augments: Any, probs: float | Sequence[float] | None = None) -> None:
        self.augments: list[Augment | None] = [*build_augments(augments)]
        if probs is not None:
            given = [probs] if isinstance(probs, (int, float)) else [*probs]
            if len(given) != len(self.augments):
                lengths = f"{len(self.augments)} vs {len(given)}"
                message = f"`augments` and `probs` must have the same length. Got {lengths}."
                raise ConflictingOptionsError(message)
            if min(given) < 0 or sum(given) > 1 + 1e-9:
                message = f"A probability is below 0, or the total probability of `augments` exceeds 1: {given}."
                raise ConflictingOptionsError(message)
            self.probs: tuple[float, ...] | None = (*(float(each) for each in given), max(0.0, 1.0 - sum(given)))
            self.augments.append(None)
        else:
            self.probs = None

    def seed(self, *entropy: int) -> None:
        """Begin anew; each augmentation from numbers of its own."""
        super().seed(*entropy)
        seed_all(self.augments, *entropy)

    def apply(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        """Draw an augmentation, or none, and apply it."""
        if self.probs is None:
            index = int(self.generator.integers(len(self.augments)))
        else:
            index = int(np.searchsorted(np.cumsum(self.probs), self.generator.random(), side="right"))
        augment = self.augments[min(index, len(self.augments) - 1)]
        return (inputs, targets) if augment is None else augment(inputs, targets)


def build_augments(config: Any) -> list[Augment]:
    """Augmentations from their configs.

    Args:
        config: A config with `type`, or one with `augments` and `probs`, which is MMPretrain's of a
            `RandomBatchAugment`; an augmentation; a list of these; or `None` for none.

    Raises:
        ConfigTypeError: It is nothing of the kind.
        PolyNetError: One cannot be built; the message says which.

    Example:
        >>> [type(each).__name__ for each in build_augments({"augments": {"type": "Mixup", "alpha": 1.0}})]
        ['RandomBatchAugment']
    """
    if config is None:
        return []
    each = config if isinstance(config, (list, tuple)) else [config]
    return [_built(one, number) for number, one in enumerate(each)]


def _built(config: Any, number: int) -> Augment:
    try:
        if isinstance(config, Mapping) and "augments" in config and "type" not in config:
            return RandomBatchAugment(**config)
        made: Augment = AUGMENTS.build(config)
        if not callable(made):
            message = f"An augmentation of batches is called with images and targets; {made!r:.80} cannot be."
            raise ConfigTypeError(message)
    except PolyNetError as error:
        error.within("augments", str(number))
        raise
    return made


def seed_all(augments: Sequence[Augment | None], *entropy: int) -> None:
    """Seed augmentations, each from these numbers and its own place, so that no two draw the same."""
    for number, augment in enumerate(augments):
        seed = getattr(augment, "seed", None)
        if callable(seed):
            seed(*entropy, number)
