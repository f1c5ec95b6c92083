"""Recording: backward inside the block or after it, nested, broken off, abandoned, many times over."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend
from tests.train.optimizer_steps import largest_difference, loss_of, small_net, take_steps, weights

_PAGE = 4096


def _reference(backend: Backend) -> dict[str, np.ndarray[Any, Any]]:
    net = small_net(backend)
    take_steps(backend, net, backend.optimizer("sgd", net, lr=0.1), 2)
    return weights(backend, net)


def test_backward_may_be_called_after_the_block(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer("sgd", net, lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        with optimizer.recording():
            loss = loss_of(backend, net)
        total = loss * 0.5 + loss * 0.5
        optimizer.backward(total)
        optimizer.step()
    assert largest_difference(_reference(backend), weights(backend, net))[0] <= 1e-6


def test_gradients_may_be_forgotten_between_forward_and_backward(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer("sgd", net, lr=0.1)
    for _ in range(2):
        with optimizer.recording():
            loss = loss_of(backend, net)
        optimizer.zero_grad()
        optimizer.backward(loss)
        optimizer.step()
    assert largest_difference(_reference(backend), weights(backend, net))[0] == 0.0


def test_whole_steps_may_be_taken_inside_one_block(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer("sgd", net, lr=0.1)
    with optimizer.recording():
        take_steps(backend, net, optimizer, 2)
    assert largest_difference(_reference(backend), weights(backend, net))[0] == 0.0


def test_a_block_inside_another_is_part_of_it(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer("sgd", net, lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        with optimizer.recording():
            with optimizer.recording():
                loss = loss_of(backend, net)
            optimizer.backward(loss)
        optimizer.step()
    assert largest_difference(_reference(backend), weights(backend, net))[0] == 0.0


def test_several_losses_may_be_differentiated_one_after_another_in_one_block(backend: Backend) -> None:
    net = small_net(backend)
    net.norm.eval()
    optimizer = backend.optimizer("sgd", net, lr=0.1)
    with optimizer.recording():
        optimizer.backward(loss_of(backend, net))
    once = optimizer.gradients()
    optimizer.zero_grad()
    with optimizer.recording():
        optimizer.backward(loss_of(backend, net), 0.25)
        optimizer.backward(loss_of(backend, net), 0.75)
    twice = optimizer.gradients()
    for name, gradient in once.items():
        assert gradient is not None
        assert np.allclose(gradient, twice[name], atol=1e-6)


def _broken_off(net: Any) -> None:
    ops.sum(net.classifier.weight * 3.0)
    raise ZeroDivisionError


def test_an_exception_in_the_block_passes_and_leaves_the_next_step_right(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer("sgd", net, lr=0.1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), optimizer.recording():
            _broken_off(net)
        take_steps(backend, net, optimizer, 1)
    assert largest_difference(_reference(backend), weights(backend, net))[0] == 0.0


def test_an_abandoned_recording_disturbs_neither_evaluation_nor_the_next_step(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer("sgd", net, lr=0.1)
    for _ in range(2):
        state = {name: slot.read() for name, slot in backend.slots(net).items() if slot.kind == "buffer"}
        with optimizer.recording():
            loss_of(backend, net)
        loss_of(backend, net)
        for name, slot in backend.slots(net).items():
            if slot.kind == "buffer":
                slot.write(state[name])
        take_steps(backend, net, optimizer, 1)
    assert largest_difference(_reference(backend), weights(backend, net))[0] <= 1e-6


def test_two_optimizers_may_record_at_once(backend: Backend) -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    first = backend.optimizer("sgd", net, [{"names": ["0.weight"]}], lr=0.1)
    second = backend.optimizer("sgd", net, [{"names": ["1.weight"]}], lr=0.1)
    rows = backend.tensor(np.ones((1, 2), np.float32))
    with first.recording():
        one = ops.sum(net(rows))
    with second.recording():
        two = ops.sum(net(rows)) * 2.0
    first.backward(one)
    expected = backend.slots(net)["1.weight"].read().T @ np.ones((1, 2), np.float32)
    assert np.allclose(first.gradients()["0.weight"], expected, atol=1e-6)
    # torch gives gradients to all parameters that a loss depends on, whosever they are.
    second.zero_grad()
    second.backward(two)
    assert np.allclose(second.gradients()["1.weight"], 2 * backend.numpy(net[0](rows)), atol=1e-6)


def test_an_optimizer_lost_while_it_records_leaves_the_framework_usable(backend: Backend) -> None:
    net = small_net(backend)
    lost = backend.optimizer("sgd", net, lr=0.1)
    with lost.recording():
        loss_of(backend, net)
    del lost
    gc.collect()
    fresh = small_net(backend)
    take_steps(backend, fresh, backend.optimizer("sgd", fresh, lr=0.1), 2)
    assert largest_difference(_reference(backend), weights(backend, fresh))[0] == 0.0


def test_a_step_with_a_function_returns_the_loss_before_it(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer("sgd", net, lr=0.1)
    first = optimizer.step(lambda: loss_of(backend, net))
    second = optimizer.step(lambda: loss_of(backend, net))
    assert isinstance(first, float)
    assert isinstance(second, float)
    assert second < first
    assert largest_difference(_reference(backend), weights(backend, net))[0] == 0.0


def _resident() -> int:
    """Bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the memory in use is read from /proc")
@pytest.mark.parametrize("kind", ["steps", "abandoned", "evaluation after an abandoned one"])
def test_memory_does_not_grow_over_a_thousand_iterations(backend: Backend, kind: str) -> None:
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64))
    optimizer = backend.optimizer("sgd", net, lr=1e-4, momentum=0.9)
    rows = backend.tensor(np.ones((64, 64), np.float32))

    def iterate(index: int) -> None:
        if kind == "steps":
            optimizer.groups[0]["lr"] = 1e-4 + index * 1e-9
            optimizer.zero_grad()
            with optimizer.recording():
                loss = ops.mean(net(rows))
            optimizer.backward(loss, 1.0 + index * 1e-6)
            optimizer.clip_gradients_by_norm(0.5 + index * 1e-6)
            optimizer.step()
        elif kind == "abandoned":
            with optimizer.recording():
                ops.mean(net(rows))
        else:
            with ops.no_grad():
                ops.mean(net(rows))
        if index % 50 == 0:
            backend.synchronise()

    with optimizer.recording():
        ops.mean(net(rows))
    for index in range(200):
        iterate(index)
    backend.synchronise()
    gc.collect()
    before = _resident()
    for index in range(200, 1200):
        iterate(index)
    backend.synchronise()
    gc.collect()
    # One iteration's activations and gradients take 100 kB: kept, they would be 100 MB.
    assert _resident() - before < 20 * 2**20
