"""Cutting a part out of an image, and adding a border."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polynet.data.transforms import draws
from polynet.data.transforms.base import Transform
from polynet.data.transforms.checks import choice_of, colour, range_between, size_pair, whole_number
from polynet.data.transforms.fill import fill_for
from polynet.data.transforms.pillow import Image, ImageOps
from polynet.data.transforms.resampling import reducing_gap_of, resampling
from polynet.errors import InputError, OptionError

PADDING_MODES = ("constant", "edge", "reflect", "symmetric")
Box = tuple[int, int, int, int]


class RandomResizedCrop(Transform):
    """Cut out a part of random area and proportions, and resize it.

    A part that fits is looked for a number of times (`attempts`); if none does, the largest one in the middle is taken
    whose proportions lie in the range.

    Args:
        size: Size of the result: a length, or `(height, width)`.
        scale: Range of the part's area, as a share of the image's.
        ratio: Range of its width over its height, drawn so that a ratio and its inverse are as likely.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
        attempts: How often to look.
        reducing_gap: Exact by default; faster for large pictures with a number from 1, see `Resize`.

    Raises:
        OptionError: An option is none of these.

    Source: Szegedy et al. 2014, "Going deeper with convolutions" (https://arxiv.org/abs/1409.4842); the rules of
    drawing are torchvision's.

    Example:
        >>> transform = RandomResizedCrop(224, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3))
        >>> transform(Image.new("RGB", (500, 375)), np.random.default_rng(0)).size
        (224, 224)
    """

    random = True

    def __init__(
        self,
        size: Any,
        scale: Any = (0.08, 1.0),
        ratio: Any = (3 / 4, 4 / 3),
        interpolation: str = "bilinear",
        *,
        attempts: int = 10,
        reducing_gap: float | None = None,
    ) -> None:
        self.size = size_pair("size", size)
        self.scale = range_between("scale", scale, 0.0, 1.0, above=True)
        self.ratio = range_between("ratio", ratio, 0.0, above=True)
        self.interpolation = interpolation
        self._resample = resampling(interpolation)
        self.attempts = whole_number("attempts", attempts)
        self.reducing_gap = reducing_gap_of(reducing_gap)

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the part, resized."""
        # Cutting first, and not `resize(box=…)`, which would let pixels beyond the part's border into the result.
        part = image.crop(self.box(image.width, image.height, generator))
        return part.resize(self.size[::-1], self._resample, reducing_gap=self.reducing_gap)

    def box(self, width: int, height: int, generator: np.random.Generator) -> Box:
        """Draw a part of an image of this size: left, top, right, bottom."""
        low, high = math.log(self.ratio[0]), math.log(self.ratio[1])
        for _ in range(self.attempts):
            area = width * height * draws.uniform(generator, *self.scale)
            ratio = math.exp(draws.uniform(generator, low, high))
            part_width, part_height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < part_width <= width and 0 < part_height <= height:
                top = draws.between(generator, 0, height - part_height)
                left = draws.between(generator, 0, width - part_width)
                return left, top, left + part_width, top + part_height
        return self._middle(width, height)

    def _middle(self, width: int, height: int) -> Box:
        """The largest part in the middle whose proportions are allowed."""
        part_width, part_height = width, height
        if width / height < self.ratio[0]:
            part_height = max(1, round(width / self.ratio[0]))
        elif width / height > self.ratio[1]:
            part_width = max(1, round(height * self.ratio[1]))
        left, top = (width - part_width) // 2, (height - part_height) // 2
        return left, top, left + part_width, top + part_height


class CenterCrop(Transform):
    """Cut out the middle; what lies outside a smaller image is filled.

    Args:
        size: Size of the result: a length, or `(height, width)`.
        fill: Colour outside the image: a number from 0 to 255, or three for red, green and blue.

    Raises:
        OptionError: An option is none of these.

    Example:
        >>> CenterCrop(224)(Image.new("RGB", (341, 256))).size
        (224, 224)
    """

    def __init__(self, size: Any, fill: Any = 0) -> None:
        self.size = size_pair("size", size)
        self.fill = colour("fill", fill)

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the middle."""
        height, width = self.size
        if width > image.width or height > image.height:
            across, down = max(width - image.width, 0), max(height - image.height, 0)
            border = (across // 2, down // 2, (across + 1) // 2, (down + 1) // 2)
            image = ImageOps.expand(image, border, fill_for(image, self.fill))
        # Halves are rounded to the even number, as torchvision does.
        left, top = round((image.width - width) / 2), round((image.height - height) / 2)
        return image.crop((left, top, left + width, top + height))


class Pad(Transform):
    """Add a border.

    Args:
        padding: Width of the border in pixels: one number, `(left and right, top and bottom)`, or
            `(left, top, right, bottom)`.
        fill: Colour of the border, for the mode "constant": a number from 0 to 255, or three for red, green and blue.
        padding_mode: "constant", "edge" (the outermost pixel repeats), "reflect" (mirrored, without the outermost
            pixel) or "symmetric" (mirrored, with it).

    Raises:
        OptionError: An option is none of these.
        InputError: A border is to be reflected from an image with too few pixels for it.

    Example:
        >>> Pad(4)(Image.new("RGB", (32, 32))).size
        (40, 40)
    """

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        self.padding = _border(padding)
        self.fill = colour("fill", fill)
        self.padding_mode = choice_of("padding_mode", padding_mode, PADDING_MODES)

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the image within its border."""
        if self.padding_mode == "constant":
            return ImageOps.expand(image, self.padding, fill_for(image, self.fill))
        left, top, right, bottom = self.padding
        if self.padding_mode == "reflect" and (max(left, right) >= image.width or max(top, bottom) >= image.height):
            message = f"A border of {self.padding} cannot be reflected from {image.width}×{image.height} pixels."
            raise InputError(message)
        pixels = np.asarray(image)
        border = ((top, bottom), (left, right), (0, 0))[: pixels.ndim]
        return Image.fromarray(np.pad(pixels, border, self.padding_mode))  # type: ignore[call-overload] # a name of numpy's, checked above


class RandomCrop(Transform):
    """Cut out a part at a random place, from within a border if there is one.

    Args:
        size: Size of the result: a length, or `(height, width)`.
        padding: Border to add first, as for `Pad`; `None` for none.
        pad_if_needed: An image that is too small gets as much border as it lacks on each side; else it is an error.
        fill: Colour of the border.
        padding_mode: What the border is made of, as for `Pad`.

    Raises:
        OptionError: An option is none of these.
        InputError: The image is smaller than the part, and `pad_if_needed` is not set.

    Example:
        >>> transform = RandomCrop(32, padding=4)
        >>> transform(Image.new("RGB", (32, 32)), np.random.default_rng(0)).size
        (32, 32)
    """

    random = True

    def __init__(
        self,
        size: Any,
        padding: Any = None,
        *,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        self.size = size_pair("size", size)
        self.padding = None if padding is None else _border(padding)
        self.pad_if_needed = bool(pad_if_needed)
        self.fill = colour("fill", fill)
        self.padding_mode = choice_of("padding_mode", padding_mode, PADDING_MODES)

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the part."""
        height, width = self.size
        if self.padding is not None:
            image = self._padded(image, self.padding)
        lacking = max(width - image.width, 0), max(height - image.height, 0)
        if any(lacking):
            if not self.pad_if_needed:
                message = (
                    f"No part of {width}×{height} pixels can be cut out of an image of {image.width}×{image.height}."
                )
                raise InputError(message)
            image = self._padded(image, (*lacking, *lacking))
        top = draws.between(generator, 0, image.height - height)
        left = draws.between(generator, 0, image.width - width)
        return image.crop((left, top, left + width, top + height))

    def _padded(self, image: Any, border: Box) -> Any:
        return Pad(border, self.fill, self.padding_mode).apply(image, None)


def _border(value: Any) -> Box:
    """A border as left, top, right, bottom."""
    sides = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(sides) not in (1, 2, 4):
        message = f"padding is one number, a pair (across, down), or (left, top, right, bottom); not {value!r:.80}."
        raise OptionError(message)
    left, top, right, bottom = (sides * (4 // len(sides)))[:4]
    return (
        whole_number("padding", left),
        whole_number("padding", top),
        whole_number("padding", right),
        whole_number("padding", bottom),
    )
