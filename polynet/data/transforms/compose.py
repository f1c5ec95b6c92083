"""Transforms one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polynet.errors import OptionError


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
