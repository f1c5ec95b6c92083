"""Slices beside broadcast operands, which MegEngine 1.13 misreads unless they are copied."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

megengine = pytest.importorskip("megengine")

from polynet.backend import get_backend  # noqa: E402 - after the check that MegEngine is there
from polynet.errors import InputIndexError  # noqa: E402 - likewise
from tests.compare import assert_close  # noqa: E402 - likewise

INDICES: list[Any] = [
    (slice(None), slice(1, None)),
    (slice(None), 0),
    (slice(None), slice(None), slice(0, 3)),
    (slice(None), slice(None, None, 2)),
    (Ellipsis, slice(1, 3)),
    (Ellipsis, 0),
    (slice(1, 3), slice(1, 3), slice(1, 3)),
    slice(1, None),
    slice(None, None, 2),
    0,
    (0, slice(1, None)),
    (slice(None), None, slice(1, None)),
    (slice(None), -1),
    [0, 2],
]


@pytest.fixture(autouse=True)
def _loaded() -> None:
    get_backend("megengine")


def numbers() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).standard_normal((4, 5, 6)).astype(np.float32)


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_a_slice_plus_a_broadcast_operand_is_right(index: Any) -> None:
    x = numbers()
    expected = x[index]
    bias = np.arange(expected.shape[-1], dtype=np.float32)
    result = megengine.Tensor(x)[index] + megengine.Tensor(bias)
    assert_close(result.numpy(), expected + bias)


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_a_slices_gradient_falls_where_it_was_taken(index: Any) -> None:
    x = numbers()
    tensor = megengine.Parameter(x)
    backend = get_backend("megengine")
    weight = megengine.Tensor(np.arange(x[index].shape[-1], dtype=np.float32))
    _, (gradient,) = backend.differentiate(lambda: (tensor[index] * weight).sum(), [tensor])
    expected = np.zeros_like(x)
    np.add.at(expected, index, np.broadcast_to(weight.numpy(), x[index].shape))
    assert_close(gradient.numpy(), expected)


def test_slices_of_booleans_and_integers_keep_their_type() -> None:
    x = numbers()
    assert megengine.Tensor(x > 0)[:, 1:].dtype == np.bool_
    np.testing.assert_array_equal(megengine.Tensor(x > 0)[:, 1:].numpy(), (x > 0)[:, 1:])
    assert megengine.Tensor(x.astype(np.int32))[:, 1:].dtype == np.int32


@pytest.mark.parametrize(
    "index",
    [4, -5, (0, 5), (slice(None), 5), (Ellipsis, 6), (None, 4), (0, 0, -7), (0, Ellipsis, 6), (0, 0, 0, 0)],
    ids=repr,
)
def test_a_number_out_of_range_is_refused_at_once(index: Any) -> None:
    with pytest.raises(InputIndexError, match=r"shape \[4, 5, 6\]"):
        megengine.Tensor(numbers())[index]
    get_backend("megengine").synchronise()


@pytest.mark.parametrize("index", [-4, (Ellipsis, -6), (0, Ellipsis, 5), (slice(None), 4), ([3, 0], 4), (0, [4], 0)])
def test_the_last_in_range_is_found(index: Any) -> None:
    np.testing.assert_array_equal(megengine.Tensor(numbers())[index].numpy(), numbers()[index])


def test_a_tensor_that_is_assigned_to_still_changes() -> None:
    tensor = megengine.Tensor(np.zeros((2, 3), np.float32))
    tensor[:, 1] = 5.0
    tensor[:, 2] += 1.0
    np.testing.assert_array_equal(tensor.numpy(), [[0, 5, 1], [0, 5, 1]])
