"""Division of whole numbers by zero, of which MegEngine would end the process."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

megengine = pytest.importorskip("megengine")

from polynet.backend import get_backend  # noqa: E402 - after the check that MegEngine is there
from polynet.errors import InputError  # noqa: E402 - likewise

OPERATORS = [operator.floordiv, operator.mod, operator.ifloordiv, operator.imod]


@pytest.fixture(autouse=True)
def _loaded() -> None:
    get_backend("megengine")


def whole(*values: int) -> Any:
    return megengine.Tensor(np.array(values, np.int32))


@pytest.mark.parametrize("divide", OPERATORS)
@pytest.mark.parametrize("zero", [0, False, np.int32(0), [0, 1]], ids=repr)
def test_a_zero_divisor_of_whole_numbers_is_refused(divide: Callable[..., Any], zero: Any) -> None:
    given = whole(4, 5)
    with pytest.raises(InputError, match="zero"):
        divide(given, whole(*zero) if isinstance(zero, list) else zero)
    np.testing.assert_array_equal(given.numpy(), [4, 5])


@pytest.mark.parametrize("divide", [operator.floordiv, operator.mod])
def test_a_number_divided_by_a_zero_is_refused(divide: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match="zero"):
        divide(7, whole(0, 1))


@pytest.mark.parametrize("divide", OPERATORS)
def test_other_divisors_give_what_they_gave(divide: Callable[..., Any]) -> None:
    result = divide(whole(7, 9), whole(2, 4))
    assert result.dtype == np.int32
    np.testing.assert_array_equal(result.numpy(), divide(np.array([7, 9], np.int32), np.array([2, 4], np.int32)))
    np.testing.assert_array_equal(divide(whole(7, 9), 2).numpy(), divide(np.array([7, 9]), 2))


def test_floating_numbers_divide_by_zero_to_infinity() -> None:
    x = megengine.Tensor(np.array([1.0, -1.0], np.float32))
    np.testing.assert_array_equal((x // 0).numpy(), [np.inf, -np.inf])
    assert np.isnan((x % 0.0).numpy()).all()


@pytest.mark.parametrize("symbolic", [False, True], ids=["eager", "symbolic"])
def test_a_tracer_records_the_division(symbolic: bool) -> None:
    traced = megengine.jit.trace(lambda x, y: x // y, symbolic=symbolic)
    for _ in range(2):
        np.testing.assert_array_equal(traced(whole(7, 9), whole(2, 4)).numpy(), [3, 2])
