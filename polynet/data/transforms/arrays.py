"""From images to the arrays that batches are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet.data.transforms.base import Array, Transform, as_array
from polynet.data.transforms.checks import choice_of, is_number
from polynet.data.transforms.pillow import Image
from polynet.errors import InputError, OptionError

COLOR_SPACES = ("RGB", "BGR", "GRAY")


class ToColorSpace(Transform):
    """Bring the channels into an order, or make them one.

    The other transforms take what they get for red, green, blue: this one comes after them.

    Args:
        color_space: "RGB", "BGR" or "GRAY". A grey image gets three equal channels for the first two.

    Raises:
        OptionError: It is none of these.

    Example:
        >>> ToColorSpace("BGR")(np.array([[[1, 2, 3]]], np.uint8)).tolist()
        [[[3, 2, 1]]]
    """

    kind = "array"

    def __init__(self, color_space: str = "RGB") -> None:
        self.color_space = choice_of("color_space", color_space, COLOR_SPACES)

    def apply(self, image: Any, generator: Any) -> Array:
        """Return the pixels as (H, W, 1 or 3)."""
        pixels = as_array(image)
        if self.color_space == "GRAY":
            return pixels if pixels.shape[2] == 1 else np.asarray(_image(image).convert("L"))[..., None]
        if pixels.shape[2] == 1:
            return np.repeat(pixels, 3, axis=2)
        return pixels if self.color_space == "RGB" else pixels[..., ::-1]


class ToArray(Transform):
    """Lay an image out as a uint8 array (channels, height, width), which ends a pipeline.

    Args:
        color_space: "RGB", "BGR" or "GRAY" brings the channels into that order or makes them one, as `ToColorSpace`
            does, in one go; `None` leaves them.

    Raises:
        OptionError: It is none of these.

    Example:
        >>> array = ToArray("BGR")(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8))
        >>> array.shape, array[0].tolist()
        ((3, 1, 2), [[3, 6]])
    """

    kind = "array"

    def __init__(self, color_space: str | None = None) -> None:
        self.color_space = color_space
        self._space = None if color_space is None else ToColorSpace(color_space)

    def apply(self, image: Any, generator: Any) -> Array:
        """Return a new array (C, H, W)."""
        if isinstance(image, Image.Image) and image.mode == "RGB" and self.color_space != "GRAY":
            return self._planes(image)
        pixels = as_array(image if self._space is None else self._space.apply(image, generator))
        return np.array(pixels.transpose(2, 0, 1), order="C")

    def _planes(self, image: Any) -> Array:
        """The channels of a Pillow image one after another: a third faster than to turn its pixels round."""
        bands = image.split()
        if self.color_space == "BGR":
            bands = bands[::-1]
        data = bytearray().join([band.tobytes() for band in bands])
        return np.frombuffer(data, np.uint8).reshape(len(bands), image.height, image.width)


class Normalise(Transform):
    """Subtract a mean and divide by a deviation, on the host.

    Preprocessors do this on the device, to which uint8 travels four times faster; this is for those who have none.

    Args:
        mean: One number for each channel, or one for all; of values from 0 to 255.
        std: The same of the standard deviation, above 0.

    Raises:
        OptionError: They are no finite numbers, or a deviation does not lie above 0.
        InputError: What is normalised is no uint8 array (C, H, W), or has another number of channels.

    Example:
        >>> Normalise(128, 64)(np.full((3, 1, 1), 192, np.uint8)).ravel().tolist()
        [1.0, 1.0, 1.0]
    """

    kind = "array"

    def __init__(self, mean: Any, std: Any) -> None:
        self.mean = _numbers("mean", mean)
        self.std = _numbers("std", std)
        if not all(number > 0 for number in self.std):
            message = f"std are numbers above 0; not {std!r:.80}."
            raise OptionError(message)

    def apply(self, image: Any, generator: Any) -> Array:
        """Return float32 values (C, H, W)."""
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3:
            given = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
            message = f"Normalise takes a uint8 array (channels, height, width), such as ToArray gives; not {given}."
            raise InputError(message)
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) not in (1, image.shape[0]):
                message = f"{name} has {len(numbers)} numbers, for images of {image.shape[0]} channels."
                raise InputError(message)
        mean, std = (np.asarray(numbers, np.float32).reshape(-1, 1, 1) for numbers in (self.mean, self.std))
        values: Array = (image - mean) / std
        return values


def _numbers(argument: str, value: Any) -> tuple[float, ...]:
    several = value.tolist() if isinstance(value, np.ndarray) else value
    numbers = list(several) if isinstance(several, (list, tuple)) else [several]
    if not numbers or not all(is_number(number) and abs(float(number)) < float("inf") for number in numbers):
        message = f"{argument} is a finite number, or one for each channel; not {value!r:.80}."
        raise OptionError(message)
    return tuple(map(float, numbers))


def _image(image: Any) -> Any:
    return image if isinstance(image, Image.Image) else Image.fromarray(image)
