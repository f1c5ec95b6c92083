"""Make an array fit a slot: the few reshapes between MegEngine's layout and the canonical one, and safe casts.

An arbitrary reshape would hide mistakes: a (10, 20) matrix has as many numbers as a (20, 10) one. So only the
differences that are known to be pure spelling are bridged.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import frozen

from polynet.weights.elements import Array

Shape = tuple[int, ...]


@frozen
class Fitted:
    """An array made to fit, and what was done to it.

    Attributes:
        array: The array in the wanted shape; no copy.
        rule: What was done, in words; `""` where nothing had to be.
    """

    array: Array
    rule: str = ""


def fit(array: Array, wanted: Shape) -> Fitted | None:
    """Bring an array that may be in MegEngine's native layout to the canonical shape.

    Known are: grouped convolution weights (G, O/G, I/G, …) for (O, I/G, …), and channel vectors (1, C, 1, 1) for (C,),
    which is how MegEngine keeps convolution biases and batch normalisation; each in one, two and three dimensions.
    A linear layer's weight (O, I) is taken for that of a convolution of one place (O, I, 1, 1) as well.

    Args:
        array: As the checkpoint has it.
        wanted: The canonical shape.

    Returns:
        The fitted array, or `None` where no rule leads from one shape to the other.

    Example:
        >>> fit(np.zeros((8, 1, 1, 3, 3)), (8, 1, 3, 3)).rule
        'groups joined to output channels'
        >>> fit(np.zeros((10, 20)), (20, 10)) is None
        True
    """
    given = array.shape
    if given == wanted:
        return Fitted(array)
    if _is_grouped(given, wanted):
        return Fitted(array.reshape(wanted), "groups joined to output channels")
    if _is_channel_vector(given, wanted):
        return Fitted(array.reshape(wanted), "channel vector flattened")
    if len(given) == 2 and wanted == (*given, 1, 1):
        return Fitted(array.reshape(wanted), "linear layer as convolution of one place")
    return None


def _is_grouped(given: Shape, wanted: Shape) -> bool:
    if len(given) != len(wanted) + 1 or len(wanted) not in (3, 4, 5):
        return False
    return given[0] * given[1] == wanted[0] and given[2:] == wanted[1:]


def _is_channel_vector(given: Shape, wanted: Shape) -> bool:
    if len(wanted) != 1 or len(given) not in (3, 4, 5):
        return False
    return given == (1, wanted[0], *(1,) * (len(given) - 2))


def cast(array: Array, wanted: str) -> tuple[Array | None, str]:
    """Bring an array to a slot's element type, if its numbers mean the same there.

    Floating-point numbers go into any floating-point type that holds their magnitude, integers into any integer type
    that holds every one of them. Nothing crosses between the kinds.

    Args:
        array: As the checkpoint has it.
        wanted: Neutral name of the slot's type. A `"bfloat16"` slot takes float32: numpy has no bfloat16.

    Returns:
        The array in the wanted type and `""`, or `None` and the reason.

    Example:
        >>> cast(np.array([1, 2**40]), "int32")[1]
        'a value of 1099511627776 lies outside int32'
    """
    target = np.dtype("float32" if wanted == "bfloat16" else wanted)
    if array.dtype == target:
        return array, ""
    given, kind = array.dtype.kind, target.kind
    if given == "f" and kind == "f":
        return _cast_floating(array, target)
    if given in "iu" and kind in "iu":
        return _cast_integers(array, target)
    return None, f"numbers of type {array.dtype} cannot stand for {wanted}"


def _cast_floating(array: Array, target: np.dtype[Any]) -> tuple[Array | None, str]:
    with np.errstate(over="ignore"):
        made = array.astype(target)
    # Only a narrower exponent can lose a finite number; the check costs two passes, so it is left out otherwise.
    if target.itemsize < array.dtype.itemsize and np.isinf(made).sum() != np.isinf(array).sum():
        largest = np.abs(array[np.isfinite(array)]).max()
        return None, f"a magnitude of {largest:.6g} lies outside {target}"
    return made, ""


def _cast_integers(array: Array, target: np.dtype[Any]) -> tuple[Array | None, str]:
    bounds = np.iinfo(target)
    if array.size:
        low, high = int(array.min()), int(array.max())
        if low < bounds.min or high > bounds.max:
            return None, f"a value of {low if low < bounds.min else high} lies outside {target}"
    return array.astype(target), ""
