"""Names of the ways to interpolate between pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polynet.data.transforms.checks import choice_of, number_between
from polynet.data.transforms.pillow import Image

RESAMPLING = {
    name: Image.Resampling[name.upper()] for name in ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
}
WARPING = ("nearest", "bilinear", "bicubic")


def resampling(interpolation: Any) -> Any:
    """Return Pillow's constant for a way to resize.

    Args:
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming". All but "nearest" average over
            what a pixel of the result covers when they shrink, unlike OpenCV's of the same names.

    Raises:
        OptionError: There is no such way.

    Example:
        >>> resampling("bicubic").name
        'BICUBIC'
    """
    return RESAMPLING[choice_of("interpolation", interpolation, RESAMPLING)]


def warp_resampling(interpolation: Any) -> tuple[Any, ...]:
    """Return Pillow's constants for ways to rotate and shear, between which a transform draws.

    Args:
        interpolation: "nearest", "bilinear" or "bicubic", or several of them.

    Raises:
        OptionError: One is none of them.

    Example:
        >>> [way.name for way in warp_resampling(["bilinear", "bicubic"])]
        ['BILINEAR', 'BICUBIC']
    """
    several = isinstance(interpolation, Sequence) and not isinstance(interpolation, str) and len(interpolation) > 0
    names = interpolation if several else (interpolation,)
    return tuple(RESAMPLING[choice_of("interpolation", name, WARPING)] for name in names)


def reducing_gap_of(value: Any) -> float | None:
    """Return Pillow's `reducing_gap`, checked: `None`, or a number from 1.

    Raises:
        OptionError: It is neither.

    Example:
        >>> reducing_gap_of(3)
        3.0
    """
    return None if value is None else number_between("reducing_gap", value, 1.0)
