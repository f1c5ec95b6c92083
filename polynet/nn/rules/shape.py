"""What the options of padding, resizing and rearranging layers must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polynet.errors import OptionError
from polynet.nn.arguments import choice, flags, integer, number

_ANY_AXIS = -64
_ANY_WIDTH = -(1 << 31)
_CORNERED = ("linear", "bilinear", "bicubic", "trilinear")
_MODES = ("nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact")


def flatten(owner: str, start_dim: Any = 1, end_dim: Any = -1) -> None:
    """The rule of `Flatten`."""
    integer(owner, "start_dim", start_dim, lowest=_ANY_AXIS)
    integer(owner, "end_dim", end_dim, lowest=_ANY_AXIS)


def unflatten(owner: str, dim: Any, unflattened_size: Any) -> None:
    """The rule of `Unflatten`."""
    integer(owner, "dim", dim, lowest=_ANY_AXIS)
    if not isinstance(unflattened_size, Sequence) or isinstance(unflattened_size, str) or not unflattened_size:
        message = f"{owner}: unflattened_size={unflattened_size!r} must be integers, one for each new axis."
        raise OptionError(message)
    found = [integer(owner, "unflattened_size", each, lowest=-1) for each in unflattened_size]
    if found.count(-1) > 1:
        message = f"{owner}: unflattened_size={tuple(unflattened_size)} must leave at most one axis open by -1."
        raise OptionError(message)


def pixel_shuffle(owner: str, upscale_factor: Any) -> None:
    """The rule of `PixelShuffle`."""
    integer(owner, "upscale_factor", upscale_factor, lowest=1)


def pixel_unshuffle(owner: str, downscale_factor: Any) -> None:
    """The rule of `PixelUnshuffle`."""
    integer(owner, "downscale_factor", downscale_factor, lowest=1)


def padding(*, cropping: bool) -> Callable[..., None]:
    """The rule of padding of images, with widths below 0 where it may crop."""
    lowest = _ANY_WIDTH if cropping else 0

    def check(owner: str, padding: Any) -> None:
        several = isinstance(padding, Sequence) and not isinstance(padding, str)
        if several and len(padding) != 4:
            message = f"{owner}: padding={padding} must be one integer or four: left, right, top, bottom."
            raise OptionError(message)
        for each in padding if several else (padding,):
            integer(owner, "padding", each, lowest=lowest)

    return check


def constant_padding(owner: str, padding: Any, value: Any) -> None:
    """The rule of `ConstantPad2d`, which may pad with any number, infinities too."""
    _cropping(owner, padding)
    if value not in (float("inf"), float("-inf")):
        number(owner, "value", value)


_cropping = padding(cropping=True)


def upsample(
    owner: str,
    size: Any = None,
    scale_factor: Any = None,
    mode: Any = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
) -> None:
    """The rule of `Upsample`."""
    choice(owner, "mode", mode, _MODES)
    if (size is None) == (scale_factor is None):
        message = (
            f"{owner}: exactly one of size and scale_factor must be given, "
            f"not size={size!r} and scale_factor={scale_factor!r}."
        )
        raise OptionError(message)
    for each in _each(size):
        integer(owner, "size", each, lowest=1)
    for each in _each(scale_factor):
        number(owner, "scale_factor", each, above=0)
    if align_corners is not None:
        flags(owner, align_corners=align_corners)
        if mode not in _CORNERED:
            message = f"{owner}: align_corners={align_corners} needs mode {', '.join(_CORNERED)}, not {mode!r}."
            raise OptionError(message)
    if recompute_scale_factor is not None:
        flags(owner, recompute_scale_factor=recompute_scale_factor)


def _each(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    return value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
