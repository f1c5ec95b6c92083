"""Whether the parts of a network fit together, as far as they say how wide they are."""

from __future__ import annotations

from typing import Any

from polynet.errors import OptionError
from polynet.types import Tensor


def last_of(x: Tensor | tuple[Tensor, ...] | list[Tensor]) -> Tensor:
    """The last of a backbone's stages, where it returns several; a tensor as it is.

    Example:
        >>> last_of((1, 2)), last_of(3)
        (2, 3)
    """
    return x[-1] if isinstance(x, (tuple, list)) else x


def width_of(part: Any, given: int | None = None) -> int | None:
    """The width of what a part returns, by its `out_channels`; `None` where it does not say.

    Args:
        part: A backbone or a neck. Its `out_channels` is a number, or a method that tells it of the width that the
            part is given.
        given: The width that the part is given.
    """
    width = getattr(part, "out_channels", None)
    if callable(width):
        width = None if given is None else width(given)
    return width if isinstance(width, int) and not isinstance(width, bool) else None


def check_fit(backbone: Any, neck: Any, head: Any, path: str = "head") -> None:
    """Refuse a head that is made for another width than the backbone and neck give, where both are known.

    Args:
        backbone: The backbone.
        neck: The neck, or `None`.
        head: The head, whose `in_channels` is the width it is made for.
        path: Where the head stands in the config.

    Raises:
        OptionError: The widths differ; the message has both.

    Example:
        >>> class Part:
        ...     def __init__(self, **widths):
        ...         vars(self).update(widths)
        >>> check_fit(Part(out_channels=512), None, Part(in_channels=256))
        Traceback (most recent call last):
        ...
        polynet.errors.OptionError: head: Part takes features of width 256, and Part gives 512.
    """
    width, giver = width_of(backbone), backbone
    if neck is not None:
        after = width_of(neck, width)
        # An identity says the same width as the backbone, which is then the part to name.
        giver = backbone if after == width else neck
        width = after
    wanted = getattr(head, "in_channels", None)
    if not isinstance(wanted, int) or isinstance(wanted, bool) or width is None or wanted == width:
        return
    message = f"{type(head).__name__} takes features of width {wanted}, and {type(giver).__name__} gives {width}."
    error = OptionError(message)
    error.within(path)
    raise error
