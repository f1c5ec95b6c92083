"""The colour of what lies outside an image."""

from __future__ import annotations

from typing import Any


def fill_for(image: Any, fill: tuple[int, ...]) -> Any:
    """Return a colour as Pillow wants it for an image: three numbers, or one for a grey image.

    Args:
        image: A Pillow image of mode "RGB" or "L".
        fill: Red, green and blue; their luma (ITU-R 601-2, as of Pillow's conversion) is the grey.

    Example:
        >>> from polynet.data.transforms.pillow import Image
        >>> fill_for(Image.new("RGB", (1, 1)), (10, 20, 30)), fill_for(Image.new("L", (1, 1)), (255, 0, 0))
        ((10, 20, 30), 76)
    """
    if image.mode == "RGB":
        return fill
    red, green, blue = fill
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
