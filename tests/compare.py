"""Comparison of tensors across frameworks: dtype first, then shape, then values."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet.backend import backend_of
from polynet.errors import FrameworkMismatchError

ABSOLUTE_FLOOR = 1e-7
"""Differences below this are rounding, however small the expected values: a few units in the last place of 1."""

_NARROWED = {"int64": "int32", "float64": "float32"}
"""MegEngine's widest types stand for torch's."""


def _described(value: Any) -> tuple[np.ndarray[Any, Any], str | None]:
    """A value's numbers, and the name of the backend it lives on, if any."""
    if isinstance(value, np.ndarray | np.generic | int | float | bool | list | tuple):
        return np.asarray(value), None
    try:
        backend = backend_of(value)
    except FrameworkMismatchError:
        return np.asarray(value), None
    return backend.numpy(value), backend.name


def assert_close(actual: Any, expected: Any, relative: float = 1e-5, *, what: str = "value") -> None:
    """Fail unless two tensors, or arrays, agree in dtype, shape and values.

    Whole numbers and booleans must be equal; for floating point `max|actual - expected|` may be at most
    `relative * max|expected|`. Infinities and NaNs must stand in the same places. Two tensors of one framework must
    have the very same dtype; across frameworks, MegEngine's int32 and float32 stand for torch's int64 and float64.
    """
    left, left_backend = _described(actual)
    right, right_backend = _described(expected)
    left_dtype, right_dtype = left.dtype.name, right.dtype.name
    if left_backend is None or left_backend != right_backend:
        left_dtype, right_dtype = _NARROWED.get(left_dtype, left_dtype), _NARROWED.get(right_dtype, right_dtype)
    assert left_dtype == right_dtype, f"{what}: dtype {left_dtype}, expected {right_dtype}"
    assert left.shape == right.shape, f"{what}: shape {left.shape}, expected {right.shape}"
    if left.dtype.kind != "f" or right.dtype.kind != "f":
        np.testing.assert_array_equal(left, right, err_msg=what)
        return
    left, right = left.astype(np.float64), right.astype(np.float64)
    finite = np.isfinite(right)
    np.testing.assert_array_equal(left[~finite], right[~finite], err_msg=f"{what}: infinities or NaNs")
    assert np.isfinite(left[finite]).all(), f"{what}: not finite where expected values are"
    if not finite.any():
        return
    difference = float(np.abs(left[finite] - right[finite]).max())
    largest = float(np.abs(right[finite]).max())
    allowed = max(relative * largest, ABSOLUTE_FLOOR)
    assert difference <= allowed, (
        f"{what}: differs by {difference:.3g}, {difference / max(largest, 1e-300):.3g} of the largest expected value "
        f"{largest:.3g}; allowed is {relative:.3g}"
    )
