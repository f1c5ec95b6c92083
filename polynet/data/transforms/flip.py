"""Mirroring an image."""

from __future__ import annotations

from typing import Any

from polynet.data.transforms import draws
from polynet.data.transforms.base import Transform
from polynet.data.transforms.checks import probability
from polynet.data.transforms.pillow import Image


class _RandomFlip(Transform):
    """Mirror an image, or not."""

    random = True
    _direction: Any

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = probability("prob", prob)

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the image or its mirror image."""
        return image.transpose(self._direction) if draws.happens(generator, self.prob) else image


class RandomHorizontalFlip(_RandomFlip):
    """Exchange left and right, with a probability.

    Args:
        prob: The probability.

    Raises:
        OptionError: It does not lie between 0 and 1.

    Example:
        >>> import numpy as np
        >>> row = np.array([[1, 2, 3]], np.uint8)
        >>> np.asarray(RandomHorizontalFlip(1.0)(row, np.random.default_rng(0))).tolist()
        [[3, 2, 1]]
    """

    _direction = Image.Transpose.FLIP_LEFT_RIGHT


class RandomVerticalFlip(_RandomFlip):
    """Exchange top and bottom, with a probability.

    Args:
        prob: The probability.

    Raises:
        OptionError: It does not lie between 0 and 1.

    Example:
        >>> import numpy as np
        >>> column = np.array([[1], [2]], np.uint8)
        >>> np.asarray(RandomVerticalFlip(1.0)(column, np.random.default_rng(0))).tolist()
        [[2], [1]]
    """

    _direction = Image.Transpose.FLIP_TOP_BOTTOM
