"""Seeded initial weights: their distributions, their keys, and what they leave alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn
from polynet.backend import Backend
from polynet.errors import OptionError
from polynet.nn.initialise import generator_for, initialise
from polynet.nn.initialisers import (
    Constant,
    Fan,
    FanInUniform,
    Initialiser,
    KaimingNormal,
    KaimingUniform,
    Normal,
    TruncatedNormal,
    Uniform,
    XavierNormal,
    XavierUniform,
)
from polynet.nn.recipe import Recipe

SHAPE = (64, 32, 3, 3)
FAN = Fan.of(SHAPE)


def drawn(initialiser: Initialiser) -> np.ndarray[Any, Any]:
    out = np.empty(SHAPE, np.float32)
    initialiser.fill(out, generator_for(0, "weight"), FAN)
    return out


@pytest.mark.parametrize(
    ("initialiser", "deviation", "largest"),
    [
        (Normal(0.5), 0.5, None),
        (Uniform(-2.0, 2.0), 4 / math.sqrt(12), 2.0),
        (TruncatedNormal(1.0, -1.0, 1.0), 0.5396, 1.0),
        (KaimingNormal("fan_out"), math.sqrt(2 / (64 * 9)), None),
        (KaimingNormal("fan_in", gain=1.0), math.sqrt(1 / (32 * 9)), None),
        (KaimingUniform(), 1 / math.sqrt(3 * 32 * 9), 1 / math.sqrt(32 * 9)),
        (FanInUniform(), 1 / math.sqrt(3 * 32 * 9), 1 / math.sqrt(32 * 9)),
        (XavierUniform(), math.sqrt(2 / (96 * 9)), math.sqrt(6 / (96 * 9))),
        (XavierNormal(), math.sqrt(2 / (96 * 9)), None),
    ],
    ids=repr,
)
def test_an_initialiser_has_the_spread_its_paper_gives(
    initialiser: Initialiser, deviation: float, largest: float | None
) -> None:
    values = drawn(initialiser)
    assert values.dtype == np.float32
    assert abs(values.mean()) < 0.05 * deviation
    assert values.std() == pytest.approx(deviation, rel=0.03)
    if largest is not None:
        assert np.abs(values).max() <= largest * (1 + 1e-6)


def test_a_truncation_that_leaves_nothing_is_an_error() -> None:
    with pytest.raises(OptionError, match="too far from its mean"):
        TruncatedNormal(0.001, 5.0, 6.0).fill(np.empty(4, np.float32), generator_for(0, "x"), Fan.of((4,)))


def test_a_wrong_mode_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(OptionError, match="Did you mean 'fan_out'"):
        KaimingNormal("fanout")


def test_a_grouped_convolutions_fan_is_one_groups() -> None:
    assert Fan.of((64, 8, 3, 3), groups=4) == Fan(72, 144)


def test_values_depend_on_the_name_and_the_seed_alone(backend: Backend) -> None:
    alone = nn.Linear(4, 4)
    within = nn.Sequential(nn.ReLU(), nn.Linear(4, 4))
    initialise(alone, 0, prefix="1.")
    initialise(within, 0)
    np.testing.assert_array_equal(polynet.state(alone)["weight"], polynet.state(within)["1.weight"])


def test_a_recipe_chooses_by_kind_and_by_name(backend: Backend) -> None:
    class Net(nn.Module):
        recipe = Recipe(
            convolution=Constant(1.0), linear=Constant(2.0), bias=Constant(3.0), named=(("last.*", Constant(4.0)),)
        )

        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 4, 1)
            self.norm = nn.BatchNorm2d(4)
            self.fc = nn.Linear(4, 2)
            self.last = nn.Linear(2, 2)

    state = polynet.state(polynet.build(Net, backend=backend.name, seed=0))
    values = {name: set(array.ravel().tolist()) for name, array in state.items()}
    assert values == {
        "conv.weight": {1.0},
        "conv.bias": {3.0},
        "norm.weight": {1.0},
        "norm.bias": {0.0},
        "norm.running_mean": {0.0},
        "norm.running_var": {1.0},
        "fc.weight": {2.0},
        "fc.bias": {3.0},
        "last.weight": {4.0},
        "last.bias": {4.0},
    }


def test_a_submodules_own_recipe_governs_its_subtree(backend: Backend) -> None:
    class Part(nn.Module):
        recipe = Recipe(linear=Constant(7.0))

        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(2, 2)

    class Net(nn.Module):
        recipe = Recipe(linear=Constant(1.0))

        def __init__(self) -> None:
            super().__init__()
            self.own = nn.Linear(2, 2)
            self.part = Part()

    state = polynet.state(polynet.build(Net, backend=backend.name))
    assert set(state["own.weight"].ravel()) == {1.0}
    assert set(state["part.fc.weight"].ravel()) == {7.0}


def test_an_embeddings_padding_row_starts_at_zero(backend: Backend) -> None:
    layer = nn.Embedding(5, 3, padding_idx=2)
    initialise(layer, 0)
    weight = polynet.state(layer)["weight"]
    assert not weight[2].any()
    assert weight[[0, 1, 3, 4]].all()


def test_large_networks_drawn_on_all_cores_equal_small_pieces(backend: Backend) -> None:
    layer = nn.Sequential(nn.Linear(1100, 1000), nn.Linear(1000, 8))
    initialise(layer, 4)
    alone = nn.Linear(1000, 8)
    initialise(alone, 4, prefix="1.")
    np.testing.assert_array_equal(polynet.state(layer)["1.weight"], polynet.state(alone)["weight"])


def test_a_large_parameter_does_not_depend_on_the_number_of_cores(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = nn.Linear(1500, 1400, bias=False)
    values = []
    for cores in (1, 3):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        initialise(layer, 0)
        values.append(polynet.state(layer)["weight"])
    np.testing.assert_array_equal(values[0], values[1])
    first, last = values[0].reshape(-1)[: 1 << 19], values[0].reshape(-1)[1 << 20 :][: 1 << 19]
    assert (first != last).mean() > 0.99


def test_a_parts_recipe_names_its_parameters_as_they_are_in_the_part(backend: Backend) -> None:
    class Part(nn.Module):
        recipe = Recipe(linear=Constant(2.0), named=(("up.weight", Constant(0.0)),))

        def __init__(self) -> None:
            super().__init__()
            self.down = nn.Linear(2, 2)
            self.up = nn.Linear(2, 2)

    class Whole(nn.Module):
        recipe = Recipe(named=(("part.down.bias", Constant(5.0)),))

        def __init__(self) -> None:
            super().__init__()
            self.part = Part()

    state = polynet.state(polynet.build(Whole, backend=backend.name, seed=0))
    assert not state["part.up.weight"].any()
    assert (state["part.down.weight"] == 2).all()
    assert (state["part.down.bias"] != 5).all()
