"""Precise statistics of batch normalisations: the means of the batches', alike on both frameworks."""

from __future__ import annotations

import copy
import importlib
import pickle
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import InputError
from polynet.train.frozen_bn import freeze_bn, unfreeze_bn
from polynet.train.precise_bn import compute_precise_bn
from tests.compare import assert_close


class Mine(nn.BatchNorm2d):
    """A normalisation of a user's own."""


class Net(nn.Module):
    """Two normalisations, the second of which sees what the first has normalised, and dropout between."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)
        self.norm1 = nn.BatchNorm2d(3)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(3, 4)
        self.norm2 = nn.BatchNorm1d(4, momentum=0.3)

    def forward(self, x: Any) -> Any:
        x = ops.relu(self.norm1(self.conv(x)))
        return self.norm2(self.fc(self.drop(ops.mean(x, dim=(2, 3)))))


def images(count: int) -> list[np.ndarray[Any, Any]]:
    generator = np.random.default_rng(0)
    return [generator.normal(number, 1 + number, (5, 2, 6, 6)).astype(np.float32) for number in range(count)]


def read(backend: Backend, net: Any) -> dict[str, np.ndarray[Any, Any]]:
    return {name: slot.read() for name, slot in backend.slots(net).items()}


def test_statistics_are_the_means_of_the_batches_own(backend: Backend) -> None:
    norm = nn.BatchNorm2d(2)
    batches = images(3)
    count = compute_precise_bn(norm, batches, lambda batch: norm(ops.tensor(batch)))
    assert count == 3
    found = read(backend, norm)
    flat = np.stack([batch.transpose(1, 0, 2, 3).reshape(2, -1) for batch in batches]).astype(np.float64)
    assert_close(found["running_mean"].astype(np.float64), flat.mean(2).mean(0))
    assert_close(found["running_var"].astype(np.float64), flat.var(2, ddof=1).mean(0))


def test_both_frameworks_measure_alike(both: tuple[Backend, Backend]) -> None:
    found = []
    for backend in both:
        net = polynet.build(Net, backend=backend.name, seed=3)
        with use_backend(backend):
            compute_precise_bn(net, images(4), lambda batch, net=net: net(ops.tensor(batch)))
        found.append(read(backend, net))
    for name in ("norm1.running_mean", "norm1.running_var", "norm2.running_mean", "norm2.running_var"):
        assert_close(found[1][name], found[0][name], what=name)


def test_nothing_but_statistics_changes(backend: Backend) -> None:
    net = polynet.build(Net, backend=backend.name, seed=3)
    net.train()
    net.drop.training = False
    before = read(backend, net)
    compute_precise_bn(net, images(2), lambda batch: net(ops.tensor(batch)))
    assert [part.training for part in (net, net.norm1, net.drop, net.fc)] == [True, True, False, True]
    assert (net.norm1.momentum, net.norm2.momentum) == (0.1, 0.3)
    for name, value in read(backend, net).items():
        assert np.array_equal(value, before[name]) == ("running" not in name), name


def test_the_result_does_not_depend_on_the_statistics_before_or_on_chance(backend: Backend) -> None:
    net = polynet.build(Net, backend=backend.name, seed=3)
    found = []
    for mode in (True, False):
        net.train(mode)
        compute_precise_bn(net, images(3), lambda batch: net(ops.tensor(batch)))
        found.append(read(backend, net))
    for name, value in found[0].items():
        np.testing.assert_array_equal(found[1][name], value, err_msg=name)


def test_statistics_over_all_batches_are_measured_and_counted_ones_keep_their_count(backend: Backend) -> None:
    norm = nn.BatchNorm2d(2, momentum=None)
    norm(ops.tensor(images(1)[0]))
    compute_precise_bn(norm, images(3), lambda batch: norm(ops.tensor(batch)))
    assert norm.momentum is None
    found = read(backend, norm)
    assert found["num_batches_tracked"] == 1
    assert found["running_mean"].mean() == pytest.approx(1.0, abs=0.2)


def test_frozen_layers_and_those_without_statistics_are_left_alone(backend: Backend) -> None:
    net = nn.Sequential(nn.BatchNorm2d(2), nn.BatchNorm2d(2, track_running_stats=False), nn.BatchNorm2d(2))
    freeze_bn(net[0])
    compute_precise_bn(net, images(2), lambda batch: net(ops.tensor(batch)))
    found = read(backend, net)
    np.testing.assert_array_equal(found["0.running_mean"], np.zeros(2, np.float32))
    np.testing.assert_array_equal(found["0.running_var"], np.ones(2, np.float32))
    assert (found["2.running_var"] != 1).all()


def test_a_network_with_nothing_to_measure_reads_no_batch(backend: Backend) -> None:
    assert compute_precise_bn(nn.Linear(2, 1), iter([pytest.fail])) == 0


def test_processes_share_their_means(backend: Backend) -> None:
    norm = nn.BatchNorm2d(2)
    seen = []

    def double(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        seen.append(array)
        return array * 2

    compute_precise_bn(norm, images(2), lambda batch: norm(ops.tensor(batch)), mean_over_ranks=double)
    assert [array.shape for array in seen] == [(4,)]
    assert_close(read(backend, norm)["running_var"].astype(np.float64), 2 * seen[0][2:])


@pytest.mark.parametrize("failing", [0, 2])
def test_a_batch_that_fails_leaves_everything_as_it_was(backend: Backend, failing: int) -> None:
    net = polynet.build(Net, backend=backend.name, seed=3)
    before = read(backend, net)

    def batches() -> Any:
        yield from images(failing)
        message = "no such image"
        raise OSError(message)

    with pytest.raises(OSError, match="no such image"):
        compute_precise_bn(net, batches(), lambda batch: net(ops.tensor(batch)))
    for name, value in read(backend, net).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    assert (net.training, net.norm1.momentum) == (True, 0.1)


def test_no_batch_at_all_is_refused(backend: Backend) -> None:
    with pytest.raises(InputError, match="no batch"):
        compute_precise_bn(nn.BatchNorm2d(2), [])


def test_megengines_own_layers_whose_momentum_is_the_other_way_round_are_measured_alike(
    both: tuple[Backend, Backend],
) -> None:
    native = importlib.import_module("megengine.module").BatchNorm2d(2)
    batches = images(3)
    with use_backend(both[1]):
        compute_precise_bn(native, batches, lambda batch: native(ops.tensor(batch)))
        found = read(both[1], native)
    flat = np.stack([batch.transpose(1, 0, 2, 3).reshape(2, -1) for batch in batches]).astype(np.float64)
    assert_close(found["running_mean"].astype(np.float64), flat.mean(2).mean(0))
    assert native.momentum == 0.9


def test_frozen_layers_stay_in_evaluation_mode_and_unfrozen_ones_follow_again(backend: Backend) -> None:
    net = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2), nn.Sequential(nn.BatchNorm2d(2), nn.Dropout()))
    classes = type(net[1]).__name__, backend.layer("BatchNorm2d")
    assert freeze_bn(net) == 2
    assert freeze_bn(net) == 2
    net.train()
    assert [part.training for part in (net, net[1], net[2], net[2][0], net[2][1])] == [True, False, True, False, True]
    assert type(net[1]).__name__ == classes[0]
    assert isinstance(net[1], classes[1])
    before = read(backend, net)
    net(ops.tensor(images(1)[0]))
    for name, value in read(backend, net).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    assert unfreeze_bn(net) == 2
    net.train()
    assert net[1].training
    assert type(net[1]) is classes[1]


def test_copies_and_pickles_of_frozen_layers_are_frozen(backend: Backend) -> None:
    net = nn.Sequential(Mine(2), nn.Dropout())
    net.eval()
    freeze_bn(net)
    net(ops.tensor(images(1)[0]))
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        twin.train()
        assert (twin[0].training, twin[1].training) == (False, True)
        assert isinstance(twin[0], Mine)
        assert_close(twin[0](ops.tensor(images(1)[0])), net[0](ops.tensor(images(1)[0])), 0.0)
        assert twin[0].weight is not net[0].weight


@pytest.mark.parametrize("parameters", [False, True])
def test_parameters_of_frozen_layers_train_unless_asked_not_to(backend: Backend, parameters: bool) -> None:
    net = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
    freeze_bn(net, parameters=parameters)
    trained = {name for name, slot in backend.slots(net).items() if slot.trainable}
    assert trained == {"0.weight", "0.bias"} | (set() if parameters else {"1.weight", "1.bias"})
