"""Weights that are no numbers any more: what is said of them where they are loaded."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from polynet.weights.elements import Array


def finite_note(arrays: Mapping[str, Array]) -> list[str]:
    """A note on tensors that hold NaN or infinity, naming the first; none where all are finite.

    Example:
        >>> finite_note({"conv.weight": np.ones(2), "fc.weight": np.array([1.0, np.nan]), "fc.bias": np.ones(1)})
        ['fc.weight holds numbers that are not finite (NaN or infinite)']
    """
    with np.errstate(over="ignore", invalid="ignore"):
        names = [name for name, array in arrays.items() if array.dtype.kind == "f" and not _is_finite(array)]
    if not names:
        return []
    others = len(names) - 1
    which = f"{names[0]} and {others} other{'s' * (others > 1)} hold" if others else f"{names[0]} holds"
    return [f"{which} numbers that are not finite (NaN or infinite)"]


def _is_finite(array: Array) -> bool:
    """Whether all numbers are finite: their sum is, then, which takes no memory; unless it overflows by itself."""
    if array.dtype.itemsize > 2 and math.isfinite(array.sum()):
        return True
    return bool(np.isfinite(array).all())
