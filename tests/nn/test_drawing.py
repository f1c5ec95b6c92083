"""Numbers drawn for initial weights: their distributions, and that they are the same to the last bit everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from polynet.nn.drawing import fill_normal, fill_uniform
from polynet.nn.initialise import generator_for

COUNT = 2_000_003

DIGEST = "c2495310f97363dc05337361bc08563cf214d00839c9250943487c2fdf5ee9b4"
"""Of a hundred thousand normal and as many uniform numbers; a change of it changes every network's initial weights."""

DIGEST_PROGRAM = """
import hashlib
import numpy as np
from polynet.nn.drawing import fill_normal, fill_uniform
from polynet.nn.initialise import generator_for
numbers = np.empty(200_000, np.float32)
fill_normal(numbers[:100_000], generator_for(3, "a"), mean=0.5, std=0.02)
fill_uniform(numbers[100_000:], generator_for(3, "a"), -0.5, 0.25)
print(hashlib.sha256(numbers.astype("<f4").tobytes()).hexdigest())
"""


def normal(count: int = COUNT, **options: float) -> np.ndarray[Any, Any]:
    out = np.empty(count, np.float32)
    fill_normal(out, generator_for(0, "weight"), **options)
    return out


def test_normal_numbers_have_the_moments_of_the_normal_distribution() -> None:
    values = normal().astype(np.float64)
    moments = [(values**power).mean() for power in range(1, 7)]
    spread = [np.sqrt(np.mean((values**power - moment) ** 2) / COUNT) for power, moment in enumerate(moments, 1)]
    expected = (0, 1, 0, 3, 0, 15)
    assert all(abs(got - want) < 4 * error for got, want, error in zip(moments, expected, spread, strict=True))


def test_normal_numbers_are_distributed_normally_to_the_tails() -> None:
    values = np.sort(normal())
    distribution = NormalDist()
    at = [distribution.inv_cdf((place + 0.5) / 2000) for place in range(2000)]
    below = np.searchsorted(values, np.array(at, np.float32)) / COUNT
    farthest = max(abs(share - distribution.cdf(point)) for share, point in zip(below.tolist(), at, strict=True))
    assert farthest < 1.63 / np.sqrt(COUNT), "Kolmogorov and Smirnov's test at 1 %"
    for bound in (3.0, 3.5, 4.0, 4.5):
        expected = 2 * COUNT * distribution.cdf(-bound)
        assert abs((np.abs(values) > bound).sum() - expected) < 4 * np.sqrt(expected)
    assert 4.5 < np.abs(values).max() < 6.7


def test_the_two_numbers_of_a_pair_are_independent() -> None:
    first, second = normal(1 << 16).astype(np.float64).reshape(2, -1)
    for left, right in ((first, second), (first**2 - 1, second**2 - 1), (first**2 - 1, second), (first, second**3)):
        products = left * right
        assert abs(products.mean()) < 4 * products.std() / np.sqrt(products.size)
    neighbours = first[1:] * first[:-1]
    assert abs(neighbours.mean()) < 4 / np.sqrt(neighbours.size)


@pytest.mark.parametrize("count", [0, 1, 2, 3, (1 << 16) - 1, (1 << 16) + 1])
def test_every_number_of_an_array_of_any_length_is_drawn(count: int) -> None:
    values = np.full(count + 2, np.nan, np.float32)
    fill_normal(values[1:-1], generator_for(0, "weight"), mean=1.0)
    assert np.isfinite(values[1:-1]).all()
    assert np.isnan(values[[0, -1]]).all()
    fill_uniform(values[1:-1], generator_for(0, "weight"), 5.0, 6.0)
    assert ((values[1:-1] >= 5) & (values[1:-1] <= 6)).all()


@pytest.mark.parametrize("std", [1e-12, 0.02, 1e6])
def test_mean_and_deviation_are_those_asked_for(std: float) -> None:
    values = normal(200_000, mean=3 * std, std=std).astype(np.float64)
    assert values.mean() == pytest.approx(3 * std, rel=0.01)
    assert values.std() == pytest.approx(std, rel=0.01)


def test_a_deviation_of_zero_gives_the_mean() -> None:
    assert set(normal(1000, mean=2.0, std=0.0).tolist()) == {2.0}


def test_uniform_numbers_are_distributed_uniformly() -> None:
    values = np.empty(COUNT, np.float32)
    fill_uniform(values, generator_for(0, "weight"), -0.5, 0.25)
    ordered = np.sort(values.astype(np.float64))
    assert -0.5 <= ordered[0] < -0.49999
    assert 0.24999 < ordered[-1] <= 0.25
    expected = np.linspace(-0.5, 0.25, COUNT)
    assert np.abs(ordered - expected).max() / 0.75 < 1.63 / np.sqrt(COUNT)


def vector_instructions() -> list[str]:
    """What numpy chooses among by the processor it finds, as its own variable to switch it off takes it."""
    try:
        from numpy._core._multiarray_umath import __cpu_dispatch__
    except ImportError:
        from numpy.core._multiarray_umath import __cpu_dispatch__
    return list(__cpu_dispatch__)


@pytest.mark.parametrize("vectorised", [True, False])
def test_the_numbers_are_the_ones_they_always_were_on_every_processor(vectorised: bool) -> None:
    disabled = [] if vectorised else vector_instructions()
    # numpy warns of instructions that this processor lacks in any case.
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(disabled), "PYTHONWARNINGS": "ignore"}
    run = subprocess.run(
        [sys.executable, "-c", DIGEST_PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [DIGEST]
