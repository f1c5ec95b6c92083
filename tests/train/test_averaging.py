"""Averages of weights: their numbers, their copies, and that both frameworks compute the same."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import InputError, OptionError
from polynet.train.averaging import (
    BaseAveragedModel,
    ExponentialMovingAverage,
    MomentumAnnealingEMA,
    StochasticWeightAverage,
    relative_momentum,
)
from tests.compare import assert_close


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 1)
        self.norm = nn.BatchNorm2d(3, momentum=None)
        self.fc = nn.Linear(3, 2)

    def forward(self, x: Any) -> Any:
        return self.fc(ops.mean(ops.relu(self.norm(self.conv(x))), dim=(2, 3)))


def filled(backend: Backend, net: Any, generator: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
    """Give every tensor new numbers, and return them."""
    values = {}
    for name, slot in backend.slots(net).items():
        is_whole = "int" in slot.dtype
        values[name] = np.array(generator.integers(0, 9, slot.shape) if is_whole else generator.random(slot.shape))
        values[name] = values[name].astype(slot.dtype)
        slot.write(values[name])
    return values


AVERAGES = [
    (ExponentialMovingAverage, {"momentum": 0.1}, lambda steps: 0.1),
    (StochasticWeightAverage, {}, lambda steps: 1 / (steps + 1)),
    (MomentumAnnealingEMA, {"momentum": 0.3, "gamma": 4}, lambda steps: max(0.3, 4 / (4 + steps))),
]


@pytest.mark.parametrize(("cls", "options", "weight"), AVERAGES)
@pytest.mark.parametrize("update_buffers", [False, True])
def test_an_average_is_what_its_formula_gives(
    backend: Backend, cls: Any, options: dict[str, Any], weight: Any, update_buffers: bool
) -> None:
    net = Net()
    average = cls(net, update_buffers=update_buffers, **options)
    generator = np.random.default_rng(0)
    expected: dict[str, np.ndarray[Any, Any]] = {}
    for steps in range(7):
        values = filled(backend, net, generator)
        average.update_parameters(net)
        for name, value in values.items():
            is_copied = value.dtype.kind != "f" or (name.startswith("norm.running") and not update_buffers)
            if steps == 0 or is_copied:
                expected[name] = value.astype(np.float64)
            else:
                expected[name] = expected[name] + weight(steps) * (value - expected[name])
    found = average.state()
    assert "norm.num_batches_tracked" in found
    assert set(found) == set(expected)
    for name, value in found.items():
        assert_close(value.astype(np.float64), expected[name], what=name)
    assert int(backend.numpy(average.steps)) == 7


def test_only_every_nth_update_counts_and_buffers_follow_each_time(backend: Backend) -> None:
    net = Net()
    average = ExponentialMovingAverage(net, momentum=0.5, interval=3)
    generator = np.random.default_rng(0)
    history = []
    for _ in range(5):
        history.append(filled(backend, net, generator))
        average.update_parameters(net)
    found = average.state()
    assert_close(found["fc.weight"], (history[0]["fc.weight"] + history[3]["fc.weight"]) / 2)
    assert_close(found["norm.running_mean"], history[4]["norm.running_mean"])


def test_an_average_of_unchanging_weights_is_those_weights(backend: Backend) -> None:
    net = Net()
    average = ExponentialMovingAverage(net, momentum=1e-4, update_buffers=True)
    for _ in range(50):
        average.update_parameters(net)
    for name, slot in backend.slots(net).items():
        np.testing.assert_array_equal(average.state()[name], slot.read(), err_msg=name)


def test_both_frameworks_average_alike(both: tuple[Backend, Backend]) -> None:
    found = []
    for backend in both:
        with use_backend(backend):
            net = Net()
            average = MomentumAnnealingEMA(net, momentum=1e-3, update_buffers=True)
            generator = np.random.default_rng(0)
            for steps in range(20):
                filled(backend, net, generator)
                average.update_parameters(net, steps=steps)
            found.append(average.state())
    for name, value in found[0].items():
        assert_close(found[1][name], value, 1e-6, what=name)


def test_the_copy_computes_as_the_model_did_and_is_not_trained(backend: Backend) -> None:
    net = Net()
    average = ExponentialMovingAverage(net)
    image = ops.randn((2, 2, 3, 3))
    net.eval()
    average.eval()
    assert_close(average(image), net(image))
    slots = backend.slots(average)
    assert not any(slot.trainable for slot in slots.values())
    assert {"module.fc.weight", "module.norm.running_mean", "steps"} <= set(slots)
    assert all(slot.trainable for slot in backend.slots(net).values() if slot.kind == "parameter")


def test_what_is_averaged_does_not_share_memory_with_the_model(backend: Backend) -> None:
    net = Net()
    average = ExponentialMovingAverage(net)
    average.update_parameters(net)
    before = average.state()["fc.weight"]
    optimizer = backend.optimizer("sgd", net, lr=1.0)
    optimizer.step(lambda: ops.sum(net(ops.ones((2, 2, 3, 3)))))
    np.testing.assert_array_equal(average.state()["fc.weight"], before)


def test_swapping_twice_leaves_both_as_they_were(backend: Backend) -> None:
    net = Net()
    average = ExponentialMovingAverage(net, momentum=0.5)
    mine = filled(backend, average.module, np.random.default_rng(0))
    theirs = filled(backend, net, np.random.default_rng(1))
    average.swap(net)
    for name, slot in backend.slots(net).items():
        np.testing.assert_array_equal(slot.read(), mine[name])
        np.testing.assert_array_equal(average.state()[name], theirs[name])
    average.swap(net)
    for name, slot in backend.slots(net).items():
        np.testing.assert_array_equal(slot.read(), theirs[name])
    assert all(slot.trainable for slot in backend.slots(net).values() if slot.kind == "parameter")


def test_a_model_trains_on_after_a_swap_and_back(backend: Backend) -> None:
    net = nn.Linear(2, 1, bias=False)
    average = ExponentialMovingAverage(net, momentum=0.5)
    optimizer = backend.optimizer("sgd", net, lr=0.5)
    (slot,) = backend.slots(net).values()
    slot.write(np.ones((1, 2), np.float32))
    average.swap(net)
    average.swap(net)
    optimizer.step(lambda: ops.sum(net(ops.ones((1, 2)))))
    assert_close(slot.read(), np.full((1, 2), 0.5, np.float32))


def test_tied_weights_move_once(backend: Backend) -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(2, 2, bias=False)
            self.second = nn.Linear(2, 2, bias=False)
            self.second.weight = self.first.weight

    net = Tied()
    average = ExponentialMovingAverage(net, momentum=0.5)
    slot = backend.slots(net)["first.weight"]
    for value in (0.0, 1.0):
        slot.write(np.full((2, 2), value, np.float32))
        average.update_parameters(net)
    assert_close(average.state()["first.weight"], np.full((2, 2), 0.5, np.float32))


def test_state_goes_from_one_framework_to_the_other(both: tuple[Backend, Backend]) -> None:
    states = []
    with use_backend(both[0]):
        average: BaseAveragedModel = ExponentialMovingAverage(Net())
        states.append(average.state())
    with use_backend(both[1]):
        average = ExponentialMovingAverage(Net())
        average.load_state(states[0])
        states.append(average.state())
    for name, value in states[0].items():
        assert_close(states[1][name], value, 0.0, what=name)


def test_a_copy_and_a_pickle_of_an_average_work_on(backend: Backend) -> None:
    net = nn.Linear(2, 1)
    average = ExponentialMovingAverage(net, momentum=0.5)
    average.update_parameters(net)
    for twin in (copy.deepcopy(average), pickle.loads(pickle.dumps(average))):
        twin.update_parameters(net)
        assert int(backend.numpy(twin.steps)) == 2
    assert int(backend.numpy(average.steps)) == 1


@pytest.mark.parametrize("momentum", [0, 1, -0.1, 3, "0.1", True])
def test_a_momentum_outside_its_range_is_refused(backend: Backend, momentum: Any) -> None:
    with pytest.raises(OptionError, match="momentum must be in range"):
        ExponentialMovingAverage(nn.Linear(1, 1), momentum=momentum)


def test_a_large_momentum_is_warned_of(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    ExponentialMovingAverage(nn.Linear(1, 1), momentum=0.9)
    assert "write 0.0001" in caplog.text


def test_wrong_options_are_refused(backend: Backend) -> None:
    with pytest.raises(OptionError, match="gamma must be greater than 0"):
        MomentumAnnealingEMA(nn.Linear(1, 1), gamma=-1)
    with pytest.raises(OptionError, match="at least 1, not 0"):
        StochasticWeightAverage(nn.Linear(1, 1), interval=0)


def test_another_model_is_refused_and_nothing_changes(backend: Backend) -> None:
    average = ExponentialMovingAverage(nn.Linear(2, 1))
    before = average.state()
    with pytest.raises(InputError, match="The averaged model has bias, which the given one lacks"):
        average.update_parameters(nn.Linear(2, 1, bias=False))
    with pytest.raises(InputError, match="has no more, which the given one has"):
        average.load_state({**before, "more": before["bias"]})
    with pytest.raises(InputError, match=r"bias has shape \(1,\); a state of \(2,\)"):
        average.load_state({"weight": before["weight"] + 1, "bias": np.zeros(2)})
    for name, value in average.state().items():
        np.testing.assert_array_equal(value, before[name])


def test_relative_momentum_is_pycls_formula() -> None:
    assert relative_momentum(1e-5, 1024, 100, 32) == pytest.approx(0.9967232)
    assert relative_momentum(1.0, 1024, 1, 32) == 0.0
