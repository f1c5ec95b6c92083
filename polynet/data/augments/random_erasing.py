"""Erasing boxes of images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from polynet import ops
from polynet.data.augments.base import BatchAugment, check_share
from polynet.data.augments.mixing import Box, box_mask
from polynet.errors import OptionError, suggest

MODES = ("const", "rand", "pixel")
ATTEMPTS = 10
"""How often a box is drawn that does not fit, before it is left out."""


class RandomErasing(BatchAugment):
    """Erases boxes of some of a batch's images; targets stay as they are.

    Args:
        prob: How likely an image is erased.
        scale_range: The least and greatest area of all its boxes as a share of the image's.
        ratio: The least and greatest height of a box over its width; one number for it and its reciprocal.
        mode: What is put there: one colour, `pad_mean` (`"const"`); a normally distributed one for each box
            (`"rand"`); or one for each pixel (`"pixel"`).
        count: The most boxes of an image, or the least and the most.
        num_splits: Into how many parts a batch falls, of which the first is left alone; 0 for none.
        pad_mean: Mean of the colours, in the images' own units; one for all channels, or one for each.
        pad_std: Their standard deviation.

    Raises:
        OptionError: A number lies outside its range, or there is no such mode.

    Source: Zhong et al. 2020, "Random Erasing Data Augmentation"; timm (Wightman) and BaseCls, `RandomErasing`.

    Example:
        >>> erase = RandomErasing(prob=1.0, scale_range=(0.25, 0.25), ratio=1.0)
        >>> images, _ = erase(np.ones((1, 3, 8, 8), np.float32), None)
        >>> float(images.sum())
        144.0
    """

    def __init__(
        self,
        prob: float = 0.5,
        scale_range: Sequence[float] = (0.02, 1 / 3),
        ratio: float | Sequence[float] = 0.3,
        mode: str = "const",
        count: int | Sequence[int] = 1,
        num_splits: int = 0,
        pad_mean: float | Sequence[float] = 0.0,
        pad_std: float | Sequence[float] = 1.0,
    ) -> None:
        self.prob = check_share(self, "prob", prob)
        self.scale_range = _range("scale_range", scale_range, 1.0)
        ratios = (ratio, 1.0 / ratio) if isinstance(ratio, (int, float)) and ratio > 0 else ratio
        self.ratio = _range("ratio", sorted(ratios) if isinstance(ratios, tuple) else ratios, math.inf)
        if mode not in MODES:
            message = f"RandomErasing: mode is {', '.join(MODES)}, not {mode!r}.{suggest(mode, MODES)}"
            raise OptionError(message)
        self.mode = mode
        counts = (1, count) if isinstance(count, int) else tuple(count)
        if len(counts) != 2 or not 1 <= counts[0] <= counts[1]:
            message = f"RandomErasing: count is a number of boxes, or the least and the most, not {count!r}."
            raise OptionError(message)
        self.count = counts
        self.num_splits = num_splits
        self.pad_mean, self.pad_std = (np.atleast_1d(np.asarray(each, np.float32)) for each in (pad_mean, pad_std))

    def apply(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        """Erase boxes of some images."""
        count, channels, height, width = (int(side) for side in inputs.shape)
        first = count // self.num_splits if self.num_splits > 1 else 0
        erased = np.zeros((count, 1, height, width), bool)
        colours = np.zeros(
            (count, channels, height, width) if self.mode != "const" else (1, channels, 1, 1), np.float32
        )
        colours += self.pad_mean.reshape(1, -1, 1, 1)
        for row in range(first, count):
            for top, bottom, left, right in self._boxes(height, width):
                erased[row, 0] |= box_mask(np.array([[top, bottom, left, right]]), (height, width))[0]
                if self.mode != "const":
                    size = (bottom - top, right - left) if self.mode == "pixel" else (1, 1)
                    drawn = self.generator.standard_normal((channels, *size), np.float32)
                    colour = self.pad_mean.reshape(-1, 1, 1) + self.pad_std.reshape(-1, 1, 1) * drawn
                    colours[row, :, top:bottom, left:right] = colour
        return (_replaced(inputs, erased, colours) if erased.any() else inputs), targets

    def _boxes(self, height: int, width: int) -> Iterator[Box]:
        """The boxes of one image."""
        draw = self.generator
        if draw.random() > self.prob:
            return
        low, high = self.count
        count = low if low == high else int(draw.integers(low, high + 1))
        least, most = (math.log(each) for each in self.ratio)
        for _ in range(count):
            for _ in range(ATTEMPTS):
                area = draw.uniform(*self.scale_range) * height * width / count
                ratio = math.exp(draw.uniform(least, most))
                rows, columns = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
                if columns < width and rows < height:
                    top, left = int(draw.integers(0, height - rows + 1)), int(draw.integers(0, width - columns + 1))
                    yield top, top + rows, left, left + columns
                    break


def _range(name: str, pair: Any, most: float) -> tuple[float, float]:
    values = tuple(pair) if isinstance(pair, Sequence) and not isinstance(pair, str) else ()
    if len(values) != 2 or not 0 < values[0] <= values[1] <= most:
        message = f"RandomErasing: {name} is two numbers greater than 0, the lesser first, not {pair!r}."
        raise OptionError(message)
    return float(values[0]), float(values[1])


def _replaced(images: Any, where: np.ndarray[Any, Any], colours: np.ndarray[Any, Any]) -> Any:
    """Images with other colours in some places; bytes stay bytes."""
    if isinstance(images, np.ndarray):
        if images.dtype.kind in "ui":
            colours = np.rint(np.clip(colours, 0, np.iinfo(images.dtype).max))
        return np.where(where, colours.astype(images.dtype), images)
    name = ops.dtype_name(images)
    if "float" not in name:
        colours = np.rint(np.clip(colours, 0, 255))
    return ops.where(ops.tensor(where, like=images), ops.cast(ops.tensor(colours, like=images), name), images)
