"""Parameters on several devices, stepped, clipped and saved together; MegEngine's `cpu1` needs no second processor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, find_backend, get_backend, use_backend
from polynet.optimizer import Optimizer
from polynet.train.rules import rule_names
from tests.train.optimizer_steps import largest_difference


@pytest.fixture
def megengine() -> Backend:
    if not find_backend("megengine").installed:
        pytest.skip("MegEngine is not installed")
    return get_backend("megengine")


def _net(backend: Backend, second: str | None) -> Any:
    with use_backend(backend):
        net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
        nn.initialise(net, 0)
    if second is not None:
        backend.place(net[1], second)
    return net


def _step(backend: Backend, net: Any, optimizer: Optimizer, second: str | None) -> None:
    optimizer.zero_grad()
    with optimizer.recording(), use_backend(backend):
        hidden = net[0](backend.tensor(np.arange(8, dtype=np.float32).reshape(2, 4)))
        if second is not None:
            hidden = hidden.to(second)
        optimizer.backward(ops.mean(net[1](hidden) ** 2))
    assert optimizer.gradients_are_finite()
    optimizer.clip_gradients_by_norm(1.0)
    optimizer.clip_gradients_by_value(-0.5, 0.5)
    optimizer.step()


@pytest.mark.parametrize("name", rule_names())
def test_a_network_on_two_devices_is_trained_as_on_one(megengine: Backend, name: str) -> None:
    found = []
    for second in (None, "cpu1"):
        net = _net(megengine, second)
        optimizer = megengine.optimizer(name, net, lr=0.01, weight_decay=0.1)
        for _ in range(3):
            _step(megengine, net, optimizer, second)
        optimizer.load_state(optimizer.state())
        _step(megengine, net, optimizer, second)
        found.append({key: slot.read() for key, slot in megengine.slots(net).items()})
    assert largest_difference(*found)[0] <= 1e-7


def test_native_state_dicts_save_and_load(megengine: Backend) -> None:
    net, twin = _net(megengine, "cpu1"), _net(megengine, "cpu1")
    optimizer, resumed = (megengine.optimizer("adam", each, lr=0.01) for each in (net, twin))
    _step(megengine, net, optimizer, "cpu1")
    for key, slot in megengine.slots(twin).items():
        slot.write(megengine.slots(net)[key].read())
    resumed.native.load_state_dict(optimizer.native.state_dict())
    for each, its_optimizer in ((net, optimizer), (twin, resumed)):
        _step(megengine, each, its_optimizer, "cpu1")
    pairs = [{key: slot.read() for key, slot in megengine.slots(each).items()} for each in (net, twin)]
    assert largest_difference(*pairs)[0] == 0.0
