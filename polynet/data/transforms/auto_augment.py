"""Augmentation by operations whose choice, likelihood and strength were searched for, or need no search."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from polynet.data.transforms import draws
from polynet.data.transforms.base import Transform
from polynet.data.transforms.checks import (
    choice_of,
    colour,
    is_number,
    number_between,
    probability,
    range_between,
    whole_number,
)
from polynet.data.transforms.operations import GREATEST_MAGNITUDE, INCREASING, OPERATIONS, WIDE, Operation, Warp
from polynet.data.transforms.pillow import Image
from polynet.data.transforms.policies import POLICIES
from polynet.data.transforms.resampling import warp_resampling
from polynet.errors import OptionError

GREY = (128, 128, 128)

_MIXABLE = tuple(name for name in INCREASING if name not in ("Invert", "SolarizeAdd"))


class _Augment(Transform):
    """A transform that applies operations.

    `interpolation` names the ways between which each operation that moves pixels draws, `fill` is the colour of what
    comes from outside.
    """

    random = True

    def __init__(self, interpolation: Any, fill: Any) -> None:
        self.interpolation = interpolation
        self._resamples = warp_resampling(interpolation)
        self.fill = colour("fill", fill)

    def _warp(self, generator: np.random.Generator) -> Warp:
        first, *others = self._resamples
        return Warp(draws.choice(generator, self._resamples) if others else first, self.fill)

    def _perform(self, image: Any, operation: Operation, magnitude: float, generator: np.random.Generator) -> Any:
        """Apply an operation, in one direction or the other if it has two."""
        negative = operation.signed and draws.happens(generator, 0.5)
        return operation.apply(image, operation.strength(magnitude, negative=negative), self._warp(generator))


class RandAugment(_Augment):
    """Apply a few operations, drawn from a set, all about equally strong.

    Args:
        magnitude: How strong, from 0 to `magnitude_max`.
        magnitude_std: Standard deviation of the magnitude, which is then drawn for each operation from a normal
            distribution; infinity has it drawn uniformly from 0 to `magnitude`.
        prob: How likely each drawn operation is carried out; or a range from which that likelihood is drawn each time.
        n_ops: How many operations are drawn; the same may be drawn again.
        magnitude_max: Drawn magnitudes are cut to it, as in timm; `None` leaves them, as in BaseCls, where
            EfficientNetV2-L is trained at 21. Beyond 10 operations go on beyond their ranges.
        operations: Names of the operations to draw from (see `operations.OPERATIONS`): by default the fifteen of
            timm and BaseCls that change more at a greater magnitude.
        interpolation: For rotations, shears and shifts: "nearest", "bilinear" or "bicubic"; of several, one is drawn
            each time.
        fill: Colour of what comes from outside the image: a number from 0 to 255, or three for red, green and blue.

    Raises:
        OptionError: An option is none of these.

    Source: Cubuk et al. 2020, "RandAugment: practical automated data augmentation with a reduced search space"
    (https://arxiv.org/abs/1909.13719); operations and ranges are those of timm's "rand-inc1".

    Example:
        >>> transform = RandAugment(magnitude=9, magnitude_std=0.5, prob=(0.25, 0.75))
        >>> transform(Image.new("RGB", (8, 8)), np.random.default_rng(0)).size
        (8, 8)
    """

    def __init__(
        self,
        magnitude: float = 9.0,
        magnitude_std: float = 0.0,
        prob: Any = 0.5,
        n_ops: int = 2,
        *,
        magnitude_max: float | None = GREATEST_MAGNITUDE,
        operations: Sequence[str] = INCREASING,
        interpolation: Any = "bicubic",
        fill: Any = GREY,
    ) -> None:
        super().__init__(interpolation, fill)
        self.magnitude_max = None if magnitude_max is None else number_between("magnitude_max", magnitude_max, 0.0)
        greatest = sys.float_info.max if self.magnitude_max is None else self.magnitude_max
        self.magnitude = number_between("magnitude", magnitude, 0.0, greatest)
        self.magnitude_std = number_between("magnitude_std", magnitude_std, 0.0)
        self.prob = probability("prob", prob) if is_number(prob) else range_between("prob", prob, 0.0, 1.0)
        self.n_ops = whole_number("n_ops", n_ops)
        self.operations = _named(operations)
        self._operations = [OPERATIONS[name] for name in self.operations]

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the augmented image."""
        chosen = [draws.choice(generator, self._operations) for _ in range(self.n_ops)]
        for operation in chosen:
            likely = draws.uniform(generator, *self.prob) if isinstance(self.prob, tuple) else self.prob
            if draws.happens(generator, likely):
                image = self._perform(image, operation, self._drawn_magnitude(generator), generator)
        return image

    def _drawn_magnitude(self, generator: np.random.Generator) -> float:
        magnitude = self.magnitude
        if self.magnitude_std == float("inf"):
            magnitude = draws.uniform(generator, 0.0, magnitude)
        elif self.magnitude_std > 0:
            magnitude = max(0.0, draws.normal(generator, magnitude, self.magnitude_std))
        return magnitude if self.magnitude_max is None else min(magnitude, self.magnitude_max)


class AutoAugment(_Augment):
    """Apply one of the 25 pairs of operations that a search found for a data set.

    Args:
        policy: "v0" (of the TPU implementation of EfficientNet, as BaseCls), "original" (of the paper, as timm has it),
            "imagenet" (of the paper, as torchvision and MMPretrain have it) or "cifar10" (of the paper, for CIFAR-10).
        interpolation: For rotations, shears and shifts: "nearest", "bilinear" or "bicubic"; of several, one is drawn
            each time.
        fill: Colour of what comes from outside the image: a number from 0 to 255, or three for red, green and blue.

    Raises:
        OptionError: An option is none of these.

    Source: Cubuk et al. 2019, "AutoAugment: learning augmentation policies from data"
    (https://arxiv.org/abs/1805.09501); the ranges are timm's and torchvision's. Posterising keeps at least one bit,
    where "v0" would make some images black.

    Example:
        >>> AutoAugment("original")(Image.new("RGB", (8, 8)), np.random.default_rng(0)).size
        (8, 8)
    """

    def __init__(self, policy: str = "v0", *, interpolation: Any = "bicubic", fill: Any = GREY) -> None:
        super().__init__(interpolation, fill)
        self.policy = choice_of("policy", policy, POLICIES)

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the augmented image."""
        operations, pairs = POLICIES[self.policy]
        for name, likely, magnitude in draws.choice(generator, pairs):
            if draws.happens(generator, likely):
                image = self._perform(image, operations[name], magnitude, generator)
        return image


class TrivialAugment(_Augment):
    """Apply one operation, drawn from fourteen, as strong as drawn from wide ranges.

    Args:
        levels: How many strengths there are, from none to the strongest.
        interpolation: For rotations, shears and shifts: "nearest", "bilinear" or "bicubic"; of several, one is drawn
            each time.
        fill: Colour of what comes from outside the image: a number from 0 to 255, or three for red, green and blue.

    Raises:
        OptionError: An option is none of these.

    Source: Müller and Hutter 2021, "TrivialAugment: tuning-free yet state-of-the-art data augmentation"
    (https://arxiv.org/abs/2103.10158), its wide space; the ranges are torchvision's.

    Example:
        >>> TrivialAugment()(Image.new("RGB", (8, 8)), np.random.default_rng(0)).size
        (8, 8)
    """

    def __init__(self, levels: int = 31, *, interpolation: Any = "nearest", fill: Any = 0) -> None:
        super().__init__(interpolation, fill)
        self.levels = whole_number("levels", levels, 2)
        self._operations = list(WIDE.values())

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the augmented image."""
        operation = draws.choice(generator, self._operations)
        magnitude = draws.below(generator, self.levels) * GREATEST_MAGNITUDE / (self.levels - 1)
        return self._perform(image, operation, magnitude, generator)


class AugMix(_Augment):
    """Mix an image with a mixture of several of its augmentations.

    Each augmentation is a chain of operations, of strengths drawn up to the magnitude.

    Args:
        magnitude: The greatest strength of an operation, from 0 to 10.
        width: How many augmentations are mixed.
        depth: How many operations each has; `None` has 1 to 3 drawn each time.
        alpha: Parameter of the distributions from which the shares are drawn.
        operations: Names of the operations to draw from; by default those of RandAugment but inverting and adding
            before solarising, which tests of robustness contain.
        interpolation: For rotations, shears and shifts: "nearest", "bilinear" or "bicubic"; of several, one is drawn
            each time.
        fill: Colour of what comes from outside the image: a number from 0 to 255, or three for red, green and blue.

    Raises:
        OptionError: An option is none of these.

    Source: Hendrycks et al. 2020, "AugMix: a simple data processing method to improve robustness and uncertainty"
    (https://arxiv.org/abs/1912.02781); the set of operations is timm's.

    Example:
        >>> AugMix()(Image.new("RGB", (8, 8)), np.random.default_rng(0)).size
        (8, 8)
    """

    def __init__(
        self,
        magnitude: float = 3.0,
        width: int = 3,
        depth: int | None = None,
        alpha: float = 1.0,
        *,
        operations: Sequence[str] = _MIXABLE,
        interpolation: Any = "bicubic",
        fill: Any = GREY,
    ) -> None:
        super().__init__(interpolation, fill)
        self.magnitude = number_between("magnitude", magnitude, 0.0, GREATEST_MAGNITUDE)
        self.width = whole_number("width", width, 1)
        self.depth = None if depth is None else whole_number("depth", depth, 1)
        self.alpha = number_between("alpha", alpha, 1e-3, 1e3)
        self.operations = _named(operations)

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the mixed image."""
        shares = generator.dirichlet([self.alpha] * self.width)
        mixed = np.zeros(np.shape(np.asarray(image)), np.float32)
        for share in shares.tolist():
            mixed += np.float32(share) * np.asarray(self._chain(image, generator), np.float32)
        augmented = Image.fromarray(np.rint(np.clip(mixed, 0, 255)).astype(np.uint8))
        return Image.blend(image, augmented, float(generator.beta(self.alpha, self.alpha)))

    def _chain(self, image: Any, generator: np.random.Generator) -> Any:
        depth = draws.between(generator, 1, 3) if self.depth is None else self.depth
        for _ in range(depth):
            operation = OPERATIONS[draws.choice(generator, self.operations)]
            image = self._perform(image, operation, draws.uniform(generator, 0.0, self.magnitude), generator)
        return image


def _named(operations: Any) -> tuple[str, ...]:
    """The names of operations, checked."""
    if not isinstance(operations, (list, tuple)) or not operations:
        message = f"operations is a list of names such as {INCREASING[:2]}; not {operations!r:.80}."
        raise OptionError(message)
    return tuple(choice_of("operations", name, OPERATIONS) for name in operations)
