"""The state of the frameworks' generators: read, restored, refused where it is none; seeding costs next to nothing."""

from __future__ import annotations

import importlib
import time
from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, find_backend, get_backend, use_backend
from polynet.errors import OptionError, WeightsError


@pytest.fixture
def megengine() -> Backend:
    if not find_backend("megengine").installed:
        pytest.skip("MegEngine is not installed")
    return get_backend("megengine")


def _drawn(backend: Backend) -> np.ndarray[Any, Any]:
    return backend.numpy(ops.rand(16))


def test_a_restored_state_gives_the_same_numbers_again(backend: Backend) -> None:
    backend.seed(11)
    state = backend.random_state()
    assert all(array.dtype == np.uint8 for array in state.values())
    first = _drawn(backend)
    backend.seed(12)
    assert not np.array_equal(_drawn(backend), first)
    backend.set_random_state(state)
    np.testing.assert_array_equal(_drawn(backend), first)


def test_torch_goes_on_in_the_midst_of_its_numbers_and_megengine_begins_anew(both: tuple[Backend, Backend]) -> None:
    continues = []
    for backend in both:
        with use_backend(backend):
            backend.seed(11)
            _drawn(backend)
            state = backend.random_state()
            second = _drawn(backend)
            backend.set_random_state(state)
            continues.append(np.array_equal(_drawn(backend), second))
    assert continues == [True, False]


def test_megengines_own_seed_is_the_one_saved(megengine: Backend) -> None:
    importlib.import_module("megengine.random").seed(77)
    state = megengine.random_state()
    megengine.seed(78)
    assert int.from_bytes(state["megengine.seed"].tobytes(), "little") == 77
    megengine.set_random_state(state)
    assert int.from_bytes(megengine.random_state()["megengine.seed"].tobytes(), "little") == 77


def test_megengines_loaders_draw_the_seeds_they_would_draw_natively(megengine: Backend) -> None:
    rng = importlib.import_module("megengine.random.rng")
    rng.seed(5)
    native = [next(rng._random_seed_generator()) for _ in range(3)]
    megengine.seed(5)
    assert [next(rng._random_seed_generator()) for _ in range(3)] == native


@pytest.mark.parametrize("state", [{}, {"numpy": np.zeros(8, np.uint8)}])
def test_the_state_of_something_else_is_refused(backend: Backend, state: Any) -> None:
    with pytest.raises(WeightsError, match="no state"):
        backend.set_random_state(state)


def test_a_damaged_state_is_refused_and_changes_nothing(backend: Backend) -> None:
    backend.seed(11)
    good = backend.random_state()
    name = next(iter(good))
    for damaged in (good[name][:-1], good[name].astype(np.float32), "text"):
        with pytest.raises(WeightsError):
            backend.set_random_state({name: damaged})
    np.testing.assert_array_equal(backend.random_state()[name], good[name])


@pytest.mark.parametrize("value", [-1, 2**64, "x", None])
def test_megengine_refuses_what_is_no_seed(megengine: Backend, value: Any) -> None:
    with pytest.raises(OptionError, match="whole number from 0"):
        megengine.seed(value)


def test_seeding_before_every_iteration_costs_next_to_nothing(backend: Backend) -> None:
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        for value in range(50):
            backend.seed(value)
        best = min(best, (time.perf_counter() - start) / 50)
    # 2 µs when nothing else runs; the frameworks' own functions take 70 µs.
    assert best < 40e-6
