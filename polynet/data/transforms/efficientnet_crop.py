"""How EfficientNet's images are cut out: the share of the crop depends on the size of the result."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polynet.data.transforms import draws
from polynet.data.transforms.base import Transform
from polynet.data.transforms.checks import number_between, whole_number
from polynet.data.transforms.crop import Box, RandomResizedCrop
from polynet.data.transforms.resampling import resampling


class EfficientNetCenterCrop(Transform):
    """Cut out the middle square and resize it.

    Its side is `size / (size + crop_padding)` of the shorter side: 7/8 for 224, 12/13 for 384.

    Args:
        size: Side of the result, in pixels.
        crop_padding: What decides the share.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".

    Raises:
        OptionError: An option is none of these.

    Source: Tan and Le 2019, "EfficientNet" (https://arxiv.org/abs/1905.11946), its preprocessing; MMPretrain,
    `EfficientNetCenterCrop`.

    Example:
        >>> from polynet.data.transforms.pillow import Image
        >>> EfficientNetCenterCrop(224)(Image.new("RGB", (500, 375))).size
        (224, 224)
    """

    def __init__(self, size: int, crop_padding: int = 32, interpolation: str = "bicubic") -> None:
        self.size = whole_number("size", size, 1)
        self.crop_padding = whole_number("crop_padding", crop_padding)
        self.interpolation = interpolation
        self._resample = resampling(interpolation)

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the middle, resized."""
        box = _middle_square(image.width, image.height, self.size, self.crop_padding)
        return image.crop(box).resize((self.size, self.size), self._resample)


class EfficientNetRandomCrop(RandomResizedCrop):
    """Cut out a part of random height and proportions, and resize it to a square.

    Unlike `RandomResizedCrop` it draws the height and not the area, and takes EfficientNet's middle if no part fits.

    Args:
        size: Side of the result, in pixels.
        scale: Range of the part's area, as a share of the image's.
        ratio: Range of its width over its height, drawn evenly.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
        min_covered: The least share of the image that the part covers.
        crop_padding: What decides the middle's share, as for `EfficientNetCenterCrop`.
        attempts: How often to look for a part that fits.
        reducing_gap: Exact by default; faster for large pictures with a number from 1, see `Resize`.

    Raises:
        OptionError: An option is none of these.

    Source: as `EfficientNetCenterCrop`; MMPretrain, `EfficientNetRandomCrop`.

    Example:
        >>> from polynet.data.transforms.pillow import Image
        >>> EfficientNetRandomCrop(224)(Image.new("RGB", (500, 375)), np.random.default_rng(0)).size
        (224, 224)
    """

    def __init__(
        self,
        size: int,
        scale: Any = (0.08, 1.0),
        ratio: Any = (3 / 4, 4 / 3),
        interpolation: str = "bicubic",
        *,
        min_covered: float = 0.1,
        crop_padding: int = 32,
        attempts: int = 10,
        reducing_gap: float | None = None,
    ) -> None:
        side = whole_number("size", size, 1)
        super().__init__(side, scale, ratio, interpolation, attempts=attempts, reducing_gap=reducing_gap)
        self.min_covered = number_between("min_covered", min_covered, 0.0, 1.0)
        self.crop_padding = whole_number("crop_padding", crop_padding)

    def box(self, width: int, height: int, generator: np.random.Generator) -> Box:
        """Draw a part of an image of this size: left, top, right, bottom."""
        area = width * height
        least, greatest = self.scale[0] * area, self.scale[1] * area
        for _ in range(self.attempts):
            ratio = draws.uniform(generator, *self.ratio)
            highest = min(round(math.sqrt(greatest / ratio)), height, int((width + 0.5 - 1e-7) / ratio))
            lowest = min(round(math.sqrt(least / ratio)), highest)
            part_height = round(draws.uniform(generator, lowest, highest))
            part_width = round(part_height * ratio)
            covered = part_width * part_height
            fits = part_height > 0 and 0 < part_width <= width
            if fits and max(least, self.min_covered * area) <= covered <= greatest:
                top = draws.between(generator, 0, height - part_height)
                left = draws.between(generator, 0, width - part_width)
                return left, top, left + part_width, top + part_height
        return _middle_square(width, height, self.size[0], self.crop_padding)


def _middle_square(width: int, height: int, size: int, crop_padding: int) -> Box:
    exact = size / (size + crop_padding) * min(width, height)
    left, top = max(0, round((width - exact) / 2)), max(0, round((height - exact) / 2))
    side = max(1, int(exact))
    return left, top, min(left + side, width), min(top + side, height)
