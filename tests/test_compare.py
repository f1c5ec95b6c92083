"""The suite's own comparison fails where it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from polynet.backend import Backend
from tests.compare import assert_close
from tests.tolerances import DEFAULT, EXCEPTIONS, tolerance

ONES = np.ones((2, 3), np.float32)


@pytest.mark.parametrize(
    ("actual", "complaint"),
    [
        (ONES.astype(np.float16), "dtype float16, expected float32"),
        (ONES.astype(np.int32), "dtype int32, expected float32"),
        (ONES.reshape(3, 2), r"shape \(3, 2\), expected \(2, 3\)"),
        (ONES[:, :1], r"shape \(2, 1\)"),
        (ONES * np.float32(1 + 3e-5), "differs by 3.*e-05"),
        (ONES * np.nan, "not finite"),
        (ONES * np.inf, "not finite"),
    ],
)
def test_differences_are_found(actual: np.ndarray[tuple[int, ...], np.dtype[np.float32]], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        assert_close(actual, ONES)


def test_infinities_must_stand_in_the_same_places() -> None:
    expected = np.array([1.0, np.inf, np.nan])
    assert_close(expected.copy(), expected)
    with pytest.raises(AssertionError, match="infinities"):
        assert_close(np.array([1.0, -np.inf, np.nan]), expected)


def test_whole_numbers_must_be_equal() -> None:
    assert_close(np.array([1, 2]), np.array([1, 2]))
    with pytest.raises(AssertionError):
        assert_close(np.array([1000000, 2]), np.array([1000001, 2]))


def test_rounding_passes_and_the_relative_difference_is_to_the_largest_value() -> None:
    assert_close(np.array([1e-9, 100.0]), np.array([0.0, 100.0]))
    with pytest.raises(AssertionError):
        assert_close(np.array([1e-2, 100.0]), np.array([0.0, 100.0]))


def test_widths_that_a_framework_lacks_pass_against_arrays_and_not_within_it(backend: Backend) -> None:
    tensor = backend.tensor(np.array([1, 2]))
    assert_close(tensor, np.array([1, 2], np.int32))
    assert_close(tensor, np.array([1, 2], np.int64))
    with pytest.raises(AssertionError, match="dtype"):
        assert_close(tensor, backend.tensor(np.array([1, 2], np.uint8)))


def test_every_exception_to_the_tolerance_has_a_cause() -> None:
    assert tolerance("no such case") == DEFAULT
    for name, exception in EXCEPTIONS.items():
        assert exception.relative > DEFAULT, name
        assert len(exception.cause.split()) > 5, name


@pytest.mark.parametrize("chosen", ["tensorflow", "pytorch,torch"])
def test_a_misspelt_restriction_ends_the_session(chosen: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/test_compare.py",
            "-k",
            "every_exception",
        ],
        env={**os.environ, "POLYNET_TEST_BACKENDS": chosen},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 4, done.stdout
    assert "the frameworks are" in done.stdout + done.stderr
