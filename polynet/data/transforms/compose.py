"""Transforms one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polynet.data.transforms.checks import probability
from polynet.data.transforms.draws import happens
from polynet.errors import InputError, OptionError


class Compose:
    """Several transforms, one after another.

    Args:
        transforms: What is called with `(sample, generator)`, in order: transforms, or functions of one's own.

    Raises:
        OptionError: One of them cannot be called.

    Example:
        >>> from polynet.data.transforms import CenterCrop, ToArray
        >>> Compose([CenterCrop(4), ToArray()])(np.zeros((8, 8, 3), np.uint8)).shape
        (3, 4, 4)
    """

    def __init__(self, transforms: Sequence[Callable[..., Any]]) -> None:
        if callable(transforms) or not isinstance(transforms, Sequence):
            message = f"transforms is a list of transforms; not {transforms!r:.80}."
            raise OptionError(message)
        for position, transform in enumerate(transforms):
            if not callable(transform) or isinstance(transform, type):
                message = (
                    f"transforms[{position}] is {transform!r:.80}, which is no transform. "
                    "polynet.data.transforms.build_pipeline takes configs."
                )
                raise OptionError(message)
        self.transforms = tuple(transforms)

    def __call__(self, sample: Any, generator: np.random.Generator | None = None) -> Any:
        """Apply every transform; all draw from the one generator, in order."""
        for transform in self.transforms:
            sample = transform(sample, generator)
        return sample

    def __repr__(self) -> str:
        """The transforms, one a line."""
        return "\n".join(["Compose(", *(f"    {transform!r}," for transform in self.transforms), ")"])


class RandomApply(Compose):
    """Several transforms one after another, or none of them.

    Args:
        transforms: What is called with `(sample, generator)`, in order.
        prob: How likely they are applied.

    Raises:
        OptionError: One of them cannot be called, or the probability is none.

    Example:
        >>> from polynet.data.transforms import Resize
        >>> RandomApply([Resize(4)], prob=1.0)(np.zeros((8, 8, 3), np.uint8), np.random.default_rng(0)).size
        (4, 4)
    """

    def __init__(self, transforms: Sequence[Callable[..., Any]], prob: float = 0.5) -> None:
        super().__init__(transforms)
        self.prob = probability("prob", prob)

    def __call__(self, sample: Any, generator: np.random.Generator | None = None) -> Any:
        """Apply every transform, or return the sample.

        Raises:
            InputError: There is no generator.
        """
        if not isinstance(generator, np.random.Generator):
            message = f"RandomApply draws random numbers: it needs a numpy.random.Generator; not {generator!r:.80}."
            raise InputError(message)
        return super().__call__(sample, generator) if happens(generator, self.prob) else sample

    def __repr__(self) -> str:
        """The transforms, one a line, and the probability."""
        return f"RandomApply(prob={self.prob}, {super().__repr__()})"
