"""Covering random rectangles of an image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polynet.data.transforms import draws
from polynet.data.transforms.base import Array, Transform, as_array
from polynet.data.transforms.checks import (
    choice_of,
    is_number,
    is_pair,
    number_between,
    probability,
    range_between,
    whole_number,
)
from polynet.errors import OptionError

MODES = ("const", "rand", "pixel", "uniform")
_ATTEMPTS = 10


class RandomErasing(Transform):
    """Cover rectangles of an image with one colour or with noise, with a probability.

    It works before values are normalised, so the noise has the mean and deviation of the data: what a network sees is
    then noise of mean 0 and deviation 1.

    Args:
        prob: How likely an image is changed.
        scale_range: Range of the covered area, as a share of the image's; several rectangles share it.
        ratio: Range of a rectangle's height over its width; one number stands for it and its inverse.
        mode: "const" covers with the mean, "rand" with a colour drawn for each rectangle, "pixel" with noise;
            "uniform" with noise in which every value is as likely.
        count: How many rectangles there are at most, drawn from 1 on; or a range.
        mean: Mean of the colours, of values from 0 to 255: a number, or one for each of red, green and blue.
        std: Their standard deviation.

    Raises:
        OptionError: An option is none of these.

    Source: Zhong et al. 2017, "Random erasing data augmentation" (https://arxiv.org/abs/1708.04896); the options are
    BaseCls's, whose code follows timm's. Noise is rounded, where BaseCls cuts it off and so darkens it by half a level.

    Example:
        >>> white = np.full((8, 8, 3), 255, np.uint8)
        >>> erased = RandomErasing(1.0, (0.25, 0.25), 1.0)(white, np.random.default_rng(0))
        >>> int((erased == 0).all(-1).sum())
        16
    """

    random = True
    kind = "array"

    def __init__(
        self,
        prob: float = 0.5,
        scale_range: Any = (0.02, 1 / 3),
        ratio: Any = 0.3,
        mode: str = "const",
        count: Any = 1,
        *,
        mean: Any = 0.0,
        std: Any = 1.0,
    ) -> None:
        self.prob = probability("prob", prob)
        self.scale_range = range_between("scale_range", scale_range, 0.0, 1.0)
        self.ratio = _inverse_range(ratio) if is_number(ratio) else range_between("ratio", ratio, 0.0, above=True)
        self.mode = choice_of("mode", mode, MODES)
        lowest, highest = count if is_pair(count) else (1, count)
        self.count = whole_number("count", lowest, 1), whole_number("count", highest, 1)
        if self.count[0] > self.count[1]:
            message = f"count is a pair (least, greatest); {count!r} has them the wrong way round."
            raise OptionError(message)
        self.mean = _levels("mean", mean)
        self.std = _levels("std", std)

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the image as it is, or a copy with rectangles covered."""
        if not draws.happens(generator, self.prob):
            return image
        pixels = as_array(image).copy()
        count = draws.between(generator, *self.count)
        for _ in range(count):
            self._cover(pixels, count, generator)
        return pixels

    def _cover(self, pixels: Array, count: int, generator: np.random.Generator) -> None:
        """Cover one rectangle; none if those drawn do not fit."""
        height, width, channels = pixels.shape
        low, high = math.log(self.ratio[0]), math.log(self.ratio[1])
        for _ in range(_ATTEMPTS):
            area = draws.uniform(generator, *self.scale_range) * height * width / count
            ratio = math.exp(draws.uniform(generator, low, high))
            rows, columns = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if rows < height and columns < width:
                top = draws.between(generator, 0, height - rows)
                left = draws.between(generator, 0, width - columns)
                pixels[top : top + rows, left : left + columns] = self._colours(rows, columns, channels, generator)
                return

    def _colours(self, rows: int, columns: int, channels: int, generator: np.random.Generator) -> Array:
        """What covers a rectangle: (rows, columns, channels), or (channels,)."""
        if self.mode == "uniform":
            return generator.integers(0, 256, (rows, columns, channels), np.uint8)
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        if channels == 1:
            mean, std = mean.mean(keepdims=True), std.mean(keepdims=True)
        if self.mode == "const":
            colours = mean
        else:
            shape = (channels,) if self.mode == "rand" else (rows, columns, channels)
            colours = mean + std * generator.standard_normal(shape, np.float32)
        return np.rint(np.clip(colours, 0, 255)).astype(np.uint8)


def _inverse_range(ratio: Any) -> tuple[float, float]:
    number = number_between("ratio", ratio, 0.0)
    if number == 0 or math.isinf(number):
        message = f"ratio is a number above 0, or a pair; not {ratio!r}."
        raise OptionError(message)
    return min(number, 1 / number), max(number, 1 / number)


def _levels(argument: str, value: Any) -> tuple[float, ...]:
    """Three numbers from 0 to 255; one stands for all."""
    several = value.tolist() if isinstance(value, np.ndarray) else value
    numbers = list(several) if isinstance(several, (list, tuple)) else [several]
    if len(numbers) not in (1, 3):
        message = f"{argument} is a number from 0 to 255, or three for red, green and blue; not {value!r:.80}."
        raise OptionError(message)
    return tuple(number_between(argument, number, 0.0, 255.0) for number in numbers * (3 // len(numbers)))
