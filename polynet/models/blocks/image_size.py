"""The one size of image that a transformer with positions for each patch is built for."""

from __future__ import annotations

from collections.abc import Sequence

from polynet.errors import OptionError


def image_size(
    network: str, img_size: int | Sequence[int], patch_size: int, *, what: str = "patch_size"
) -> tuple[int, int]:
    """Height and width of images that patches of a side cover.

    Args:
        network: The network's name, for messages.
        img_size: Height and width, or both as one number.
        patch_size: Side of a patch.
        what: What the network calls that, for messages.

    Raises:
        OptionError: Not one or two positive multiples of the patch's side.

    Example:
        >>> image_size("ViT", 224, 16), image_size("ViT", (32, 64), 16)
        ((224, 224), (32, 64))
    """
    if isinstance(patch_size, bool) or not isinstance(patch_size, int) or patch_size < 1:
        message = f"{network}: {what} must be a whole number of at least 1, not {patch_size!r}."
        raise OptionError(message)
    sides = (img_size, img_size) if isinstance(img_size, int) else tuple(img_size)
    if len(sides) != 2 or any(not isinstance(side, int) or side < 1 or side % patch_size for side in sides):
        message = f"{network}: img_size must be one or two positive multiples of {what}={patch_size}, not {img_size!r}."
        raise OptionError(message)
    return sides


def check_depth(network: str, depth: int) -> None:
    """Refuse a number of blocks that is none.

    Raises:
        OptionError: Not a whole number of at least 1.

    Example:
        >>> check_depth("ViT", 0)
        Traceback (most recent call last):
        polynet.errors.OptionError: ViT: depth must be a whole number of at least 1, not 0.
    """
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 1:
        message = f"{network}: depth must be a whole number of at least 1, not {depth!r}."
        raise OptionError(message)
