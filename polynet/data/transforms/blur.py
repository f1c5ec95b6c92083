"""Making an image less sharp."""

from __future__ import annotations

from typing import Any

from polynet.data.transforms import draws
from polynet.data.transforms.base import Transform
from polynet.data.transforms.checks import is_number, probability, range_between
from polynet.data.transforms.pillow import ImageFilter


class GaussianBlur(Transform):
    """Average every pixel with those around it, with a probability.

    Args:
        radius: Standard deviation of the weights, in pixels; or a range from which it is drawn.
        prob: The probability.

    Raises:
        OptionError: The radius is negative or infinite, or the probability is none.

    Source: Chen et al. 2020, "A simple framework for contrastive learning of visual representations"
    (https://arxiv.org/abs/2002.05709); Pillow's filter, which approximates the weights by repeated means.

    Example:
        >>> import numpy as np
        >>> point = np.zeros((5, 5), np.uint8)
        >>> point[2, 2] = 255
        >>> int(np.asarray(GaussianBlur(1.0, 1.0)(point, np.random.default_rng(0)))[2, 2]) < 64
        True
    """

    random = True

    def __init__(self, radius: Any = (0.1, 2.0), prob: float = 0.5) -> None:
        self.radius = range_between("radius", (radius, radius) if is_number(radius) else radius, 0.0)
        self.prob = probability("prob", prob)

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the image, blurred or as it was."""
        if not draws.happens(generator, self.prob):
            return image
        return image.filter(ImageFilter.GaussianBlur(draws.uniform(generator, *self.radius)))
