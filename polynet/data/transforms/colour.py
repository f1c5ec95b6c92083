"""Changing an image's colours at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet.data.transforms import draws
from polynet.data.transforms.base import Transform
from polynet.data.transforms.checks import is_number, number_between, probability, range_between, whole_number
from polynet.data.transforms.pillow import Image, ImageEnhance, ImageOps
from polynet.errors import OptionError

EIGENVALUES = (0.2175, 0.0188, 0.0045)
EIGENVECTORS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))
"""Principal components of the colours of ImageNet's training images, as fb.resnet.torch published them; each row is a
channel (red, green, blue), each column a component. The values are of colours from 0 to 1."""


def shift_hue(image: Any, share: float) -> Any:
    """Turn the hues of an image by a share of the circle of colours; grey images have none.

    Args:
        image: A Pillow image.
        share: From -0.5 to 0.5; in steps of 1/255, rounded towards 0, as in torchvision.

    Example:
        >>> shift_hue(Image.new("RGB", (1, 1), (255, 0, 0)), 0.5).getpixel((0, 0))
        (0, 255, 252)
    """
    if image.mode == "L":
        return image
    hue, saturation, value = image.convert("HSV").split()
    step = int(share * 255)
    turned = hue.point([(level + step) % 256 for level in range(256)])
    return Image.merge("HSV", (turned, saturation, value)).convert("RGB")


class ColorJitter(Transform):
    """Change brightness, contrast, saturation and hue at random, in a random order.

    Args:
        brightness: How far the factor of the brightness may lie from 1; or its range. 0 leaves it.
        contrast: The same of the contrast.
        saturation: The same of the saturation.
        hue: How far hues may turn to either side, at most 0.5, which is half the circle of colours; or a range.

    Raises:
        OptionError: One of them is negative, or no number or range.

    Source: Howard 2013, "Some improvements on deep convolutional neural network based image classification"
    (https://arxiv.org/abs/1312.5402); ranges and arithmetic are torchvision's.

    Example:
        >>> transform = ColorJitter(0.4, 0.4, 0.4)
        >>> transform(Image.new("RGB", (4, 4), (200, 100, 50)), np.random.default_rng(0)).size
        (4, 4)
    """

    random = True

    def __init__(self, brightness: Any = 0.0, contrast: Any = 0.0, saturation: Any = 0.0, hue: Any = 0.0) -> None:
        self.brightness = _factors("brightness", brightness)
        self.contrast = _factors("contrast", contrast)
        self.saturation = _factors("saturation", saturation)
        around = (-number_between("hue", hue, 0.0, 0.5), hue) if is_number(hue) else hue
        self.hue = range_between("hue", around, -0.5, 0.5)
        self._changes: list[tuple[Any, tuple[float, float]]] = [
            (change, limits)
            for change, limits, unchanged in (
                (ImageEnhance.Brightness, self.brightness, 1.0),
                (ImageEnhance.Contrast, self.contrast, 1.0),
                (ImageEnhance.Color, self.saturation, 1.0),
                (shift_hue, self.hue, 0.0),
            )
            if limits != (unchanged, unchanged)
        ]

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the image in changed colours."""
        for position in draws.order(generator, len(self._changes)):
            change, limits = self._changes[position]
            amount = draws.uniform(generator, *limits)
            image = shift_hue(image, amount) if change is shift_hue else change(image).enhance(amount)
        return image


class Lighting(Transform):
    """Add a random multiple of the principal components of ImageNet's colours, the same to every pixel.

    Args:
        scale: Standard deviation of the multiples; 0.1 in the paper, 0 for none.
        eigenvalues: Three, of colours from 0 to 1.
        eigenvectors: 3×3: a row for each of red, green and blue, a column for each component.

    Raises:
        OptionError: The scale is negative, or the others are not of these shapes.

    Source: Krizhevsky et al. 2012, "ImageNet classification with deep convolutional neural networks".

    Example:
        >>> Lighting(0.1)(Image.new("RGB", (1, 1), (100, 100, 100)), np.random.default_rng(3)).getpixel((0, 0))
        (92, 93, 94)
    """

    random = True

    def __init__(self, scale: float = 0.1, eigenvalues: Any = EIGENVALUES, eigenvectors: Any = EIGENVECTORS) -> None:
        self.scale = number_between("scale", scale, 0.0)
        self._values = _finite("eigenvalues", eigenvalues, (3,))
        self._vectors = _finite("eigenvectors", eigenvectors, (3, 3))

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the image with the light added; grey images take the mean of what the channels would get."""
        if self.scale == 0:
            return image
        multiples = np.array([draws.normal(generator, 0.0, self.scale * 255) for _ in range(3)])
        light = (self._vectors * (multiples * self._values)).sum(1)
        added = light if image.mode == "RGB" else light.mean(keepdims=True)
        levels = np.clip(np.arange(256) + added[:, None], 0, 255).astype(np.uint8)
        return image.point(levels.tobytes())


class Grayscale(Transform):
    """Make an image grey, with a probability.

    Args:
        channels: 3 keeps three channels, of one value each; 1 leaves one, which every image of a batch then needs.
        prob: The probability.

    Raises:
        OptionError: There are other than 1 or 3 channels, or the probability is none.

    Example:
        >>> Grayscale()(Image.new("RGB", (1, 1), (255, 0, 0)), np.random.default_rng(0)).getpixel((0, 0))
        (76, 76, 76)
    """

    random = True

    def __init__(self, channels: int = 3, prob: float = 1.0) -> None:
        self.channels = whole_number("channels", channels, 1)
        if self.channels not in (1, 3):
            message = f"channels is 1 or 3; not {channels!r}."
            raise OptionError(message)
        self.prob = probability("prob", prob)
        if self.channels == 1 and self.prob < 1:
            raise OptionError("With channels=1 every image must become grey; prob is then 1.")

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the image, grey or as it was."""
        if not draws.happens(generator, self.prob):
            return image
        grey = image.convert("L")
        return grey if self.channels == 1 or image.mode == "L" else Image.merge("RGB", (grey, grey, grey))


class Solarize(Transform):
    """Turn bright values into their negative, with a probability.

    Args:
        threshold: Values from this on are turned.
        prob: The probability.

    Raises:
        OptionError: The threshold does not lie between 0 and 256, or the probability is none.

    Example:
        >>> row = np.array([[0, 127, 128, 255]], np.uint8)
        >>> np.asarray(Solarize(prob=1.0)(row, np.random.default_rng(0))).tolist()
        [[0, 127, 127, 0]]
    """

    random = True

    def __init__(self, threshold: float = 128, prob: float = 0.5) -> None:
        self.threshold = number_between("threshold", threshold, 0.0, 256.0)
        self.prob = probability("prob", prob)

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the image, solarised or as it was."""
        return ImageOps.solarize(image, self.threshold) if draws.happens(generator, self.prob) else image


def _factors(argument: str, value: Any) -> tuple[float, float]:
    """A range of factors, from how far they may lie from 1 or from their range."""
    if is_number(value):
        far = number_between(argument, value, 0.0)
        return range_between(argument, (max(0.0, 1.0 - far), 1.0 + far), 0.0)
    return range_between(argument, value, 0.0)


def _finite(argument: str, value: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError) as error:
        message = f"{argument} are numbers of shape {shape}; not {value!r:.80}."
        raise OptionError(message) from error
    if array.shape != shape or not np.isfinite(array).all():
        message = f"{argument} are finite numbers of shape {shape}; not {value!r:.80}."
        raise OptionError(message)
    return array
