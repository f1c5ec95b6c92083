"""Networks that a check builds are put where rounding decides little."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn
from polynet.backend import Backend
from polynet.proof.conditioning import SHIFT, condition
from polynet.proof.measure import distance
from polynet.proof.run import Run


class Small(nn.Module):
    """A convolution and two batch normalisations, one of which keeps the mean over all batches."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.first = nn.BatchNorm2d(4)
        self.second = nn.BatchNorm2d(4, momentum=None)
        self.act = nn.ReLU()

    def forward(self, x: Any) -> Any:
        return self.second(self.act(self.first(self.conv(x))))


@pytest.fixture
def pair(backend: Backend) -> tuple[Run, Run]:
    batch = np.random.default_rng(0).standard_normal((4, 3, 8, 8), dtype=np.float32)
    networks = [polynet.build(Small, backend=backend.name, seed=seed) for seed in (0, 1)]
    return Run(networks[0], batch, 0), Run(networks[1], batch, 0)


def test_nothing_but_biases_of_batch_normalisations_is_changed(pair: tuple[Run, Run]) -> None:
    before = [run.state() for run in pair]
    condition(*pair)
    for run, state in zip(pair, before, strict=True):
        after = run.state()
        assert after.keys() == state.keys()
        for name, value in after.items():
            assert value.dtype == state[name].dtype
            shift = np.float32(SHIFT) if name in ("first.bias", "second.bias") else 0
            np.testing.assert_array_equal(value, state[name] + shift, err_msg=name)


def test_in_evaluation_mode_activations_are_normalised_as_in_training(pair: tuple[Run, Run]) -> None:
    run, _ = pair
    condition(*pair)
    output = run.forward()["output"]
    np.testing.assert_allclose(output.mean(axis=(0, 2, 3)), np.full(4, SHIFT), rtol=5e-3)  # kept variances are unbiased
    np.testing.assert_allclose(output.std(axis=(0, 2, 3)), np.ones(4), rtol=1e-2)


def test_momenta_and_modes_are_as_before(pair: tuple[Run, Run]) -> None:
    network = pair[0].network
    network.first.training = False
    condition(*pair)
    assert network.first.momentum == 0.1
    assert network.second.momentum is None
    assert not network.first.training
    assert network.second.training


def test_both_builds_use_the_first_ones_statistics_in_evaluation_mode_alone(pair: tuple[Run, Run]) -> None:
    condition(*pair)
    for name in ("first.running_mean", "second.running_var"):
        np.testing.assert_array_equal(pair[1].statistics[name], pair[0].statistics[name])
    _, buffers = pair[0].gradients()
    expected = 0.9 * np.zeros(4) + 0.1 * pair[0].statistics["first.running_mean"]
    np.testing.assert_allclose(buffers["first.running_mean"], expected, rtol=1e-5)


def test_gradients_of_a_deep_network_are_far_more_exact(backend: Backend) -> None:
    network = polynet.build("resnet50", backend=backend.name, seed=0)
    batch = np.random.default_rng(0).standard_normal((2, 3, 64, 64), dtype=np.float32)
    run = Run(network, batch, 0)
    if run.twin() is None:
        pytest.skip(f"{backend.name} has no float64 to measure by")
    fresh = _median_error(run)
    condition(run, Run(polynet.build("resnet50", backend=backend.name, seed=0), batch, 0))
    assert _median_error(run) < 0.2 * fresh


def _median_error(run: Run) -> float:
    twin = run.twin()
    assert twin is not None
    found, exact = run.gradients()[0], twin.gradients()[0]
    return float(np.median([distance(found[name], exact[name]) for name in exact]))
