"""From samples to a batch: arrays are stacked, numbers become arrays, whatever else stays a list."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet.errors import InputError


def collate(samples: Sequence[Any]) -> Any:
    """Put samples together as one batch of the same structure, as torch's `default_collate` does, but in numpy.

    Args:
        samples: At least one sample, all of one structure: arrays and tensors of the CPU (stacked), images of Pillow
            (stacked as (3, H, W) uint8), numbers (bool, int64 and float64 arrays), tuples, lists and mappings of
            these (one by one), and anything else, strings or data samples say (a list).

    Returns:
        The batch: arrays in tuples, lists and dicts as the samples have them; a list of lists becomes a list of
        batches.

    Raises:
        InputError: The samples do not fit together; the message says where.

    Example:
        >>> images, labels = collate([(np.zeros((1, 2, 2), np.uint8), 3), (np.ones((1, 2, 2), np.uint8), 4)])
        >>> images.shape, images.dtype, labels
        ((2, 1, 2, 2), dtype('uint8'), array([3, 4]))
    """
    if not len(samples):
        message = "There is nothing to collate: the list of samples is empty."
        raise InputError(message)
    return _collated(samples, "a sample")


def pseudo_collate(samples: Sequence[Any]) -> Any:
    """Put samples together without stacking: every leaf becomes a list (MMEngine's `pseudo_collate`).

    Example:
        >>> pseudo_collate([{"inputs": "a", "label": 1}, {"inputs": "b", "label": 2}])
        {'inputs': ['a', 'b'], 'label': [1, 2]}
    """
    first = samples[0]
    if isinstance(first, Mapping):
        return {key: pseudo_collate([each[key] for each in samples]) for key in first}
    if isinstance(first, (tuple, list)) and len({len(each) for each in samples}) == 1:
        parts = [pseudo_collate(part) for part in zip(*samples, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return list(samples)


def _collated(values: Sequence[Any], place: str) -> Any:
    first = values[0]
    if isinstance(first, np.ndarray):
        return _stacked(values, place)
    if isinstance(first, (bool, int, float, np.generic)):
        return _numbers(values, place)
    if isinstance(first, Mapping):
        _check_alike([tuple(sorted(map(str, value))) for value in values], place, "keys")
        return {key: _collated([value[key] for value in values], f"{place}[{key!r}]") for key in first}
    if isinstance(first, (tuple, list)):
        _check_alike([len(value) for value in values], place, "lengths")
        columns = [list(column) for column in zip(*values, strict=True)]
        parts = [_collated(column, f"{place}[{index}]") for index, column in enumerate(columns)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    if is_pillow(first):
        from polynet.data.datasets.images import to_array

        return _stacked([to_array(value) for value in values], place)
    if hasattr(first, "__array__"):  # a framework's tensor on the CPU
        return _stacked([np.asarray(value) for value in values], place)
    return list(values)


def is_pillow(value: Any) -> bool:
    """Whether a value is an image of Pillow; Pillow is not imported for it."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(value, pillow.Image)


def _stacked(arrays: Sequence[Any], place: str) -> np.ndarray[Any, Any]:
    """Arrays on a new first axis.

    Raises:
        InputError: Their shapes differ.
    """
    try:
        return np.stack(arrays)
    except (ValueError, TypeError) as error:
        shapes = list(dict.fromkeys(np.shape(array) for array in arrays))
        message = (
            f"The samples do not fit into one batch: {place} has shapes {', '.join(map(str, shapes[:4]))}. "
            "Resize or crop them to one shape in the data set's transform, or use collate=pseudo_collate."
        )
        raise InputError(message) from error


def _numbers(values: Sequence[Any], place: str) -> np.ndarray[Any, Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "biufc":
        kinds = sorted({type(value).__name__ for value in values})
        message = f"The samples do not fit into one batch: {place} is of types {', '.join(kinds)}."
        raise InputError(message)
    return array


def _check_alike(found: Sequence[Any], place: str, what: str) -> None:
    different = list(dict.fromkeys(found))
    if len(different) > 1:
        shown = f"{different[0]} in one and {different[1]} in another"
        message = f"The samples do not fit into one batch: {place} has {what} {shown}."
        raise InputError(message)
