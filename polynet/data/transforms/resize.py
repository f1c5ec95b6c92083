"""Changing an image's size."""

from __future__ import annotations

from typing import Any

from polynet.data.transforms.base import Transform
from polynet.data.transforms.checks import choice_of, is_pair, number_between, size_pair, whole_number
from polynet.data.transforms.resampling import reducing_gap_of, resampling
from polynet.errors import OptionError

_EDGES = ("short", "long")


class Resize(Transform):
    """Resize to a size, or until the shorter or longer side has a length.

    Args:
        size: `(height, width)`, whatever that does to the proportions; or one length, which a side gets while the
            proportions stay (the other side is rounded down, as in torchvision).
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
        edge: The side that one length is for: "short" or "long".
        reducing_gap: By default results are exact. A number from 1 has large pictures first averaged over whole blocks
            of pixels, down to this many times the final size, which is several times faster for photographs of many
            megapixels; from 2 on the results differ by few levels, from 3 on hardly (Pillow's `reducing_gap`).

    Raises:
        OptionError: An option is none of these.

    Example:
        >>> from polynet.data.transforms.pillow import Image
        >>> Resize(256, "bicubic")(Image.new("RGB", (500, 375))).size
        (341, 256)
    """

    def __init__(
        self, size: Any, interpolation: str = "bilinear", *, edge: str = "short", reducing_gap: float | None = None
    ) -> None:
        self._pair = size_pair("size", size) if is_pair(size) else None
        self.size = self._pair or size_pair("size", size)[0]
        self.interpolation = interpolation
        self._resample = resampling(interpolation)
        self.edge = choice_of("edge", edge, _EDGES)
        self.reducing_gap = reducing_gap_of(reducing_gap)

    def apply(self, image: Any, generator: Any) -> Any:
        """Return the image in its new size; the image itself if it has that already."""
        width, height = self._target(*image.size)
        if (width, height) == image.size:
            return image
        return image.resize((width, height), self._resample, reducing_gap=self.reducing_gap)

    def _target(self, width: int, height: int) -> tuple[int, int]:
        """The new width and height."""
        if self._pair is not None:
            return self._pair[1], self._pair[0]
        length = whole_number("size", self.size, 1)
        if (width <= height) == (self.edge == "short"):
            return length, max(1, length * height // width)
        return max(1, length * width // height), length


def size_before_crop(img_size: Any, crop_pct: Any = 0.875) -> int:
    """Return the length that a shorter side is resized to before a test crop, as BaseCls has it: even.

    Args:
        img_size: Side of the crop, in pixels.
        crop_pct: The crop's share of the shorter side.

    Raises:
        OptionError: The size is no whole number from 1, or the share does not lie above 0.

    Example:
        >>> size_before_crop(224), size_before_crop(224, 224 / 232), size_before_crop(300, 0.904)
        (256, 232, 332)
    """
    share = number_between("crop_pct", crop_pct, 0.0)
    if share == 0:
        raise OptionError("crop_pct is a share above 0; not 0.")
    return int(whole_number("img_size", img_size, 1) / share / 2 + 0.5) * 2
