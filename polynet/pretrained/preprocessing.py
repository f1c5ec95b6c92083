"""How images must be prepared for weights: what they were trained, or tested, with."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import attrs
import numpy as np

from polynet.errors import BackendUnavailableError, InputError

Array: TypeAlias = "np.ndarray[Any, Any]"

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Mean and deviation of ImageNet's pixels, red first, from 0 to 1."""


@attrs.frozen
class Preprocessing:
    """Size, crop and scale of the images that a network's weights are for.

    Attributes:
        input_size: `(C, H, W)` after the crop.
        mean: What is taken off each channel, of pixels from 0 to 1.
        std: What each channel is then divided by.
        interpolation: `"bilinear"`, `"bicubic"` …
        crop: Share of the resized image's side that the crop in its middle keeps.
        colour_order: `"RGB"` or `"BGR"`.

    Example:
        >>> Preprocessing(crop=0.95).resized
        (235, 235)
    """

    input_size: tuple[int, int, int] = (3, 224, 224)
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    interpolation: str = "bicubic"
    crop: float = 0.875
    colour_order: str = "RGB"

    @property
    def resized(self) -> tuple[int, int]:
        """Height and width to resize to before the crop; of oblong pictures the shorter side."""
        return math.floor(self.input_size[1] / self.crop), math.floor(self.input_size[2] / self.crop)

    def prepare(self, picture: Any) -> Array:
        """Resize, crop and scale one picture.

        Args:
            picture: A `PIL.Image`, a path, or an array `(H, W, 3)` of bytes, red first.

        Returns:
            `(C, H, W)` float32, one image of a batch.

        Raises:
            InputError: It is none of these.
            BackendUnavailableError: Pillow, which resizes, is not installed.

        Example:
            >>> Preprocessing().prepare(np.zeros((300, 400, 3), np.uint8)).shape
            (3, 224, 224)
        """
        image = _opened(picture)
        from PIL import Image

        height, width = self.resized
        factor = max(height / image.height, width / image.width)
        size = max(round(image.width * factor), width), max(round(image.height * factor), height)
        image = image.resize(size, getattr(Image.Resampling, self.interpolation.upper()))
        top, left = (size[1] - self.input_size[1]) // 2, (size[0] - self.input_size[2]) // 2
        image = image.crop((left, top, left + self.input_size[2], top + self.input_size[1]))
        pixels = np.asarray(image, np.float32) / 255
        if self.colour_order == "BGR":
            pixels = pixels[..., ::-1]
        scaled = (pixels - np.asarray(self.mean, np.float32)) / np.asarray(self.std, np.float32)
        return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def _opened(picture: Any) -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        message = "Preparing pictures needs Pillow. Install it with: pip install 'polynet[images]'"
        raise BackendUnavailableError(message) from error
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            message = f"A picture is bytes (H, W, 3), not {picture.dtype} {picture.shape}."
            raise InputError(message)
        return Image.fromarray(picture)
    if isinstance(picture, Image.Image):
        return picture.convert("RGB")
    from polynet.weights.arguments import is_path

    if not is_path(picture):
        message = f"A picture is a PIL image, a path or an array of bytes, not {type(picture).__name__}."
        raise InputError(message)
    with Image.open(picture) as opened:
        return opened.convert("RGB")
