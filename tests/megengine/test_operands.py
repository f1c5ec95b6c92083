"""Operators between a MegEngine tensor and another framework's, which MegEngine would take for numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.errors import FrameworkMismatchError

OPERATORS = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.pow),
    *(operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow),
    *(operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne),
]
ONES = np.ones(2, np.float32)


@pytest.mark.parametrize("combine", OPERATORS)
def test_another_frameworks_tensor_is_refused(combine: Callable[..., Any], both: tuple[Backend, Backend]) -> None:
    torch, megengine = both
    given = megengine.tensor(ONES)
    with pytest.raises(FrameworkMismatchError, match=r"torch\.Tensor"):
        combine(given, torch.tensor(ONES))
    np.testing.assert_array_equal(given.numpy(), ONES)


@pytest.mark.parametrize("combine", OPERATORS)
@pytest.mark.parametrize("other", [2, 2.0, True, np.float32(2), ONES * 2], ids=repr)
def test_numbers_and_arrays_give_what_they_gave(combine: Callable[..., Any], other: Any) -> None:
    megengine = pytest.importorskip("megengine")
    result = combine(megengine.Tensor(ONES), other)
    np.testing.assert_array_equal(result.numpy(), combine(ONES.copy(), np.asarray(other, np.float32)))
