"""Arrays as they are given: of one shape, and of numbers, which are all that a framework makes tensors of."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet.errors import InputError

NUMBERS = "biuf"
"""Kinds of numpy's types that frameworks have: bool, whole numbers and floating-point ones."""

_SHOWN = 4


def array_of(owner: str, what: str, values: Any) -> np.ndarray[Any, Any]:
    """One array of what was given, which is the array itself where it is one.

    Args:
        owner: Whose message it is.
        what: What the values are: `"images"`, `"labels"`.
        values: An array, a list of them, or nested lists.

    Raises:
        InputError: Its parts differ in shape; the message has the shapes.

    Example:
        >>> array_of("ArrayDataset", "images", [np.zeros(2), np.zeros(3)])
        Traceback (most recent call last):
        ...
        polynet.errors.InputError: ArrayDataset: images must all have one shape, and these have (2,), (3,). ...
    """
    if isinstance(values, np.ndarray):
        return values
    try:
        return np.asarray(values)
    except ValueError as error:
        shapes = list(dict.fromkeys(_shape(each) for each in values))
        shown = ", ".join(shapes[:_SHOWN]) + (f" and {len(shapes) - _SHOWN} more" if len(shapes) > _SHOWN else "")
        message = (
            f"{owner}: {what} must all have one shape, and these have {shown}. "
            f"Bring them to one, or give a data set that does: a list of (image, label) pairs, or a class of your own."
        )
        raise InputError(message) from error


def check_numbers(owner: str, what: str, array: np.ndarray[Any, Any]) -> None:
    """Refuse an array that is not of numbers.

    Args:
        owner: Whose message it is.
        what: What the array has: `"images"`, `"labels"`.
        array: The array.

    Raises:
        InputError: Its type is another; the message has it, and what is allowed.

    Example:
        >>> check_numbers("ArrayDataset", "labels", np.array(["cat", "dog"]))
        Traceback (most recent call last):
        ...
        polynet.errors.InputError: ArrayDataset: labels are of dtype <U3; they must be numbers (bool, ...
    """
    if array.dtype.kind in NUMBERS:
        return
    hint = " Convert them: array.astype('float32')." if what == "images" else ""
    if what == "labels":
        hint = " Number the classes from 0: numpy.unique(labels, return_inverse=True)[1]."
    message = f"{owner}: {what} are of dtype {array.dtype}; they must be numbers (bool, whole or floating-point).{hint}"
    raise InputError(message)


def _shape(value: Any) -> str:
    try:
        return str(np.shape(value))
    except ValueError:  # ragged in itself
        return "no single shape"
