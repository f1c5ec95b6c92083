"""Reductions on MegEngine equal torch, where values tie or are zero too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("megengine")

from tests.megengine.ops_comparison import compare, integers, normal

TIES = np.array([[1, 2, 2], [3, 3, 3], [0, -1, 0]], "float32")


@pytest.mark.parametrize("name", ["sum", "mean", "var", "amax", "amin", "norm"])
@pytest.mark.parametrize("dim", [None, 0, -1, (0, 1), (0, -1)])
@pytest.mark.parametrize("keepdim", [False, True])
def test_a_reduction_over_dimensions(name: str, dim: Any, keepdim: bool) -> None:
    compare(lambda ops, x: getattr(ops, name)(x, dim=dim, keepdim=keepdim), normal(2, 3, 4))
    compare(lambda ops, x: getattr(ops, name)(x, dim=dim, keepdim=keepdim), TIES)


@pytest.mark.parametrize("dim", [0, -1, (0, 1), (0, -1)])
def test_logsumexp_and_std(dim: Any) -> None:
    compare(lambda ops, x: ops.logsumexp(x, dim), normal(2, 3, 4) * 50)
    compare(lambda ops, x: ops.std(x, dim), normal(2, 3, 4))


def test_the_gradient_of_no_spread_is_zero() -> None:
    compare(lambda ops, x: ops.std(x, -1), np.ones((2, 3), "float32"))
    compare(lambda ops, x: ops.norm(x, dim=1), np.zeros((2, 3), "float32"))


@pytest.mark.parametrize("p", [0, 0.5, 1, 1.5, 2, 3, float("inf"), -float("inf")])
def test_norms(p: float) -> None:
    compare(lambda ops, x: ops.norm(x, p, dim=1), normal(2, 3, 4))
    compare(lambda ops, x: ops.norm(x, p, dim=1), TIES)


def test_a_product_with_zeros() -> None:
    zeros = np.array([[0, 2, 3], [0, 0, 2], [1, 2, 3]], "float32")
    compare(lambda ops, x: ops.prod(x, 1), zeros)
    compare(lambda ops, x: ops.prod(x), zeros[:1])


@pytest.mark.parametrize("name", ["max", "min"])
def test_values_and_positions(name: str) -> None:
    compare(lambda ops, x: getattr(ops, name)(x), TIES)
    compare(lambda ops, x: getattr(ops, name)(x, 0, True), TIES)
    compare(lambda ops, x: getattr(ops, name)(x, 1), normal(2, 3, 4))
    compare(lambda ops, x: getattr(ops, name)(x, 0), normal(5))


@pytest.mark.parametrize("name", ["any", "all"])
@pytest.mark.parametrize("dim", [0, -1])
def test_truth(name: str, dim: int) -> None:
    compare(lambda ops, x: getattr(ops, name)(x > 0, dim), integers(0, 2, 3, 3))
    compare(lambda ops, x: getattr(ops, name)(x > 0), integers(0, 2, 0))


def test_running_and_narrow_sums() -> None:
    compare(lambda ops, x: ops.cumsum(x, 1), normal(2, 3, 4))
    compare(lambda ops, x: ops.cumsum(x > 2, 0), integers(0, 5, 6))
    compare(lambda ops, x: ops.sum(x > 2), integers(0, 5, 6))


def test_two_gradients_broadcast_along_the_first_dimension_add_up() -> None:
    compare(lambda ops, x: ops.sum(x, 0) * ops.sum(x, 0), normal(3, 4, 5))
    compare(lambda ops, x: ops.mean(x, 0) * ops.mean(x, 0), normal(3, 4, 5))


@pytest.mark.parametrize("name", ["var", "std", "sum", "amax", "logsumexp"])
def test_a_reduction_of_a_slice(name: str) -> None:
    compare(lambda ops, x: getattr(ops, name)(x[:, 1:3], dim=0), normal(4, 3, 4))
