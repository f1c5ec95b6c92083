from __future__ import annotations

import re

import numpy as np
import pytest

from polynet.weights.adapt import cast, fit


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ((4, 2, 3, 5, 5), (8, 3, 5, 5)),
        ((8, 1, 1, 3, 3), (8, 1, 3, 3)),
        ((4, 2, 3, 5), (8, 3, 5)),
        ((2, 4, 3, 1, 2, 3), (8, 3, 1, 2, 3)),
        ((1, 16, 1, 1), (16,)),
        ((1, 16, 1), (16,)),
        ((1, 16, 1, 1, 1), (16,)),
        ((1, 1, 1, 1), (1,)),
        ((8, 3), (8, 3, 1, 1)),
    ],
)
def test_known_shapes_become_canonical_without_a_copy(given, wanted):
    array = np.arange(np.prod(given), dtype=np.float32).reshape(given)
    found = fit(array, wanted)
    assert found is not None
    assert found.array.shape == wanted
    assert found.rule
    assert np.shares_memory(found.array, array)
    np.testing.assert_array_equal(found.array.ravel(), array.ravel())


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ((10, 20), (20, 10)),
        ((200,), (10, 20)),
        ((10, 20), (200,)),
        ((4, 3, 2, 5, 5), (8, 3, 5, 5)),
        ((4, 2, 3, 5, 5), (8, 5, 3, 5)),
        ((16, 1, 1, 1), (16,)),
        ((1, 1, 16, 1), (16,)),
        ((1, 8, 2, 1), (16,)),
        ((1, 16), (16,)),
        ((16,), (1, 16, 1, 1)),
        ((8, 3), (8, 3, 3, 3)),
        ((8, 3), (3, 8, 1, 1)),
        ((8, 3, 1, 1), (8, 3)),
        ((2, 4, 3), (8, 3)),
        ((), (1,)),
    ],
)
def test_no_other_reshape_is_accepted(given, wanted):
    assert fit(np.zeros(given), wanted) is None


def test_an_array_that_fits_is_left_alone():
    array = np.zeros((2, 3))
    found = fit(array, (2, 3))
    assert found.array is array
    assert found.rule == ""


@pytest.mark.parametrize("given", ["float64", "float16", "float32"])
def test_floating_point_numbers_go_into_each_other(given):
    made, problem = cast(np.array([1.5, np.inf, -np.inf], given), "float32")
    assert made.dtype == np.float32
    assert problem == ""
    np.testing.assert_array_equal(made, np.array([1.5, np.inf, -np.inf], np.float32))


def test_not_a_number_stays_what_it_is():
    made, _ = cast(np.array([np.nan, 1.0]), "float16")
    assert made.dtype == np.float16
    assert np.isnan(made[0])


@pytest.mark.parametrize(
    ("array", "wanted", "words"),
    [
        (np.array([1e300]), "float32", "1e.300 lies outside float32"),
        (np.array([1e6], np.float32), "float16", "outside float16"),
        (np.array([2**31]), "int32", "2147483648 lies outside int32"),
        (np.array([-1]), "uint8", "-1 lies outside uint8"),
        (np.array([1.0]), "int64", "cannot stand for int64"),
        (np.array([1]), "float32", "cannot stand for float32"),
        (np.array([True]), "int32", "cannot stand for int32"),
        (np.array([1.0]), "bool", "cannot stand for bool"),
    ],
)
def test_casts_that_would_lose_meaning_are_refused(array, wanted, words):
    made, problem = cast(array, wanted)
    assert made is None

    assert re.search(words, problem)


def test_integers_that_fit_are_narrowed():
    made, problem = cast(np.array([2**31 - 1, -(2**31)]), "int32")
    assert made.dtype == np.int32
    assert problem == ""
    assert cast(np.zeros(0, np.int64), "int8")[0].dtype == np.int8


def test_bfloat16_slots_take_float32():
    array = np.ones(2, np.float32)
    assert cast(array, "bfloat16")[0] is array
