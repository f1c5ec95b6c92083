"""Images from files, by Pillow."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from polynet.errors import InputError, ModeError

try:
    from PIL import Image, ImageOps
except ImportError as error:
    message = "Reading images needs Pillow, which is not installed here: pip install 'polynet[images]'."
    raise ModeError(message) from error


def read_image(
    source: Any, mode: str | None = "RGB", orient: bool = False, draft: tuple[int, int] | None = None
) -> Any:
    """Read an image whole.

    Args:
        source: A path or an open binary file.
        mode: Pillow's name of what the pixels become: `"RGB"`, `"L"`; `None` leaves them. Transparency is dropped, not
            blended.
        orient: Turn the image as its EXIF record says it was taken.
        draft: (width, height): a JPEG file may be decoded at a half, a quarter or an eighth that is not smaller.

    Returns:
        A `PIL.Image.Image`, loaded, its file closed.

    Raises:
        InputError: It is no image, or a damaged or truncated one; the message names the file.
    """
    try:
        with Image.open(source) as opened:
            if draft is not None:
                opened.draft(mode, draft)
            opened.load()
            image = ImageOps.exif_transpose(opened) if orient else opened
            if mode is not None and image.mode != mode:
                # A palette with transparency goes by way of RGBA: Pillow warns of the direct way.
                image = image.convert("RGBA") if image.mode == "P" and "transparency" in image.info else image
                image = image.convert(mode)
            return image
    except (OSError, ValueError, SyntaxError, EOFError, AttributeError, Image.DecompressionBombError) as error:
        name = os.fspath(source) if isinstance(source, (str, os.PathLike)) else "The image"
        message = f"{name} cannot be read as an image: {error}"
        raise InputError(message) from error


def to_array(image: Any) -> np.ndarray[Any, Any]:
    """An image as (channels, height, width) uint8, one channel or three.

    Args:
        image: Of Pillow; whatever is neither grey nor RGB becomes RGB.

    Example:
        >>> to_array(Image.new("L", (4, 2))).shape
        (1, 2, 4)
    """
    if image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def from_array(pixels: np.ndarray[Any, Any]) -> Any:
    """An image of Pillow from (1 or 3, height, width) uint8.

    Example:
        >>> from_array(np.zeros((3, 2, 4), np.uint8)).size
        (4, 2)
    """
    return Image.fromarray(pixels[0] if pixels.shape[0] == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))


def is_picture(images: np.ndarray[Any, Any]) -> bool:
    """Whether these are uint8 images (…, 1 or 3, height, width), which Pillow can hold."""
    return images.dtype == np.uint8 and images.ndim >= 3 and images.shape[-3] in (1, 3)
