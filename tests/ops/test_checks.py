"""The shared checks of arguments: what they return, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polynet.errors import InputError, InputIndexError, OptionError, PolyNetError
from polynet.ops import checks

ACCEPTED: dict[str, tuple[Any, Any]] = {
    "an axis from the end": (checks.check_dim("op", -2, 3), 1),
    "the axis of a number": (checks.check_dim("op", -1, 0), 0),
    "a numpy axis": (checks.check_dim("op", np.int64(1), 3), 1),
    "one axis": (checks.check_dims("op", 1, 3), (1,)),
    "a shape without unknowns": (checks.check_shape("op", (2, 3), 6), (2, 3)),
    "a shape of nothing": (checks.check_shape("op", (0, 4), 0), (0, 4)),
    "a shape without axes": (checks.check_shape("op", (), 1), ()),
    "one number for three axes": (checks.check_numbers("op", "stride", 2, 3), (2, 2, 2)),
    "a single number in a list": (checks.check_numbers("op", "stride", [2], 3), (2, 2, 2)),
    "windows rounded down": (checks.check_windows("op", (7,), (3,), (2,), (1,), (1,)), (4,)),
    "windows rounded up": (checks.check_windows("op", (8,), (3,), (2,), (0,), (1,), ceil_mode=True), (4,)),
    "a window past the padding": (checks.check_windows("op", (7,), (2,), (3,), (1,), (1,), ceil_mode=True), (3,)),
    "a window that starts outside": (checks.check_windows("op", (5,), (2,), (3,), (1,), (1,), ceil_mode=True), (2,)),
    "dilated windows": (checks.check_windows("op", (9,), (3,), (1,), (0,), (3,)), (3,)),
    "an adaptive size for all axes": (checks.check_output_size("op", 3, (5, 6)), (3, 3)),
    "a crop": (checks.check_pad((2, 5), (-1, -2), "constant"), ((0, 0), (-1, -2))),
    "a reflection": (checks.check_pad((1, 2, 5), (4, 1), "reflect"), ((0, 0), (0, 0), (4, 1))),
    "an interpolated size": (checks.check_interpolated_size((1, 1, 5), 3, None, "linear"), ((3,), (None,))),
    "pieces of nothing": (checks.check_split(2, 0), (0,)),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_check_returns_one_form(name: str) -> None:
    actual, expected = ACCEPTED[name]
    assert actual == expected


REFUSED: dict[str, tuple[Callable[[], Any], type[PolyNetError], str]] = {
    "an axis too far": (lambda: checks.check_dim("sum", 3, 3), InputIndexError, r"sum: dim=3 is outside \[-3, 2\]"),
    "an axis that is no number": (lambda: checks.check_dim("sum", 1.0, 3), OptionError, "whole numbers"),  # type: ignore[arg-type] # on purpose
    "an axis twice": (lambda: checks.check_dims("sum", (0, -3), 3), InputError, "twice"),
    "a missing axis": (lambda: checks.check_permutation("permute", (0, 1), 3), InputError, "each of the 3 axes"),
    "a shape that does not fit": (lambda: checks.check_shape("reshape", (4, -1), 6), InputError, "6 elements"),
    "two unknowns": (lambda: checks.check_shape("reshape", (-1, -1), 6), InputError, "one -1"),
    "an unknown beside nothing": (lambda: checks.check_shape("reshape", (0, -1), 0), InputError, "do not fit"),
    "too many numbers": (lambda: checks.check_numbers("f", "stride", (1, 2), 3), OptionError, "one number or 3"),
    "stride 0": (lambda: checks.check_numbers("f", "stride", 0, 2, least=1), OptionError, "at least 1"),
    "groups 0": (
        lambda: checks.check_convolution("f", (1, 4, 5), (4, 4, 3), None, 0),
        OptionError,
        "groups=0",
    ),
    "other channels": (
        lambda: checks.check_convolution("f", (1, 4, 5), (4, 3, 3), None, 1),
        InputError,
        "3 channels; it was given 4",
    ),
    "another bias": (
        lambda: checks.check_convolution("f", (1, 4, 5), (6, 4, 3), (4,), 1),
        InputError,
        r"shaped \(6,\)",
    ),
    "a window too large": (
        lambda: checks.check_windows("f", (2,), (3,), (1,), (0,), (1,)),
        InputError,
        "does not fit",
    ),
    "too much padding": (lambda: checks.check_pool_padding("f", (2,), (2,)), OptionError, "half"),
    "an output of nothing": (lambda: checks.check_output_size("f", (0, 1), (2, 2)), OptionError, "at least 1"),
    "half a pair": (lambda: checks.check_pad((4,), (1,), "constant"), OptionError, "a pair"),
    "a reflection too far": (lambda: checks.check_pad((1, 2, 3), (3, 0), "reflect"), InputError, "cannot be padded"),
    "a circle too far": (lambda: checks.check_pad((1, 2, 3), (4, 0), "circular"), InputError, "cannot be padded"),
    "a crop of more than there is": (
        lambda: checks.check_pad((1, 2, 3), (-2, -2), "constant"),
        InputError,
        "cannot be padded",
    ),
    "an interpolation of other axes": (
        lambda: checks.check_interpolated_size((1, 1, 5), 3, None, "bilinear"),
        InputError,
        "4 axes",
    ),
    "an interpolation to nothing": (
        lambda: checks.check_interpolated_size((1, 1, 5), None, 0.1, "linear"),
        InputError,
        "below 1",
    ),
    "sections that do not add up": (lambda: checks.check_split((1, 2), 4), InputError, "add up"),
    "a probability above 1": (lambda: checks.check_probability("dropout", 2), OptionError, "probability"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_check_refuses(name: str) -> None:
    call, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        call()
