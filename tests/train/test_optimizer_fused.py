"""torch's fused steps on a CPU: taken where they compute what the others do, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polynet.backend import get_backend, use_backend
from tests.train.optimizer_steps import loss_of, small_net

torch = pytest.importorskip("torch")

OPTIONS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "adam": {"lr": 0.01, "amsgrad": True, "weight_decay": 0.01},
    "adamw": {"lr": 0.01},
    "adagrad": {"lr": 0.1},
}


def _trained(name: str, prepare: Callable[[Any], Any] | None, *, is_plain: bool) -> tuple[dict[str, Any], list[Any]]:
    """Weights after five steps of our optimiser, or of torch's own as it is; and what `fused` was each time."""
    backend = get_backend("torch")
    net = small_net(backend)
    own = backend.optimizer(name, net, **OPTIONS[name])
    fused: list[Any] = []
    for number in range(5):
        if prepare is not None and number == 1:
            prepare(net)
        own.zero_grad()
        with own.recording():
            own.backward(loss_of(backend, net))
        if is_plain:
            own.native.step()
        else:
            own.step()
        fused.append(own.native.param_groups[0]["fused"])
    return {key: value.detach().numpy().copy() for key, value in own.parameters.items()}, fused


@pytest.mark.parametrize("name", OPTIONS)
def test_fused_steps_on_a_cpu_equal_torchs_plain_ones(name: str) -> None:
    plain, _ = _trained(name, None, is_plain=True)
    ours, fused = _trained(name, None, is_plain=False)
    assert fused == [True] * 5
    for key, value in ours.items():
        if key != "stem.bias":  # its true gradient is zero
            np.testing.assert_allclose(value, plain[key], rtol=1e-5, atol=2e-7, err_msg=key)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_parameter_that_lies_otherwise_in_memory_is_stepped_by_the_plain_kernels(name: str) -> None:
    def channels_last(net: Any) -> None:
        net.to(memory_format=torch.channels_last)

    plain, _ = _trained(name, channels_last, is_plain=True)
    ours, fused = _trained(name, channels_last, is_plain=False)
    assert fused == [True, None, None, None, None]
    for key, value in ours.items():
        if key != "stem.bias":
            np.testing.assert_allclose(value, plain[key], rtol=1e-4, atol=1e-6, err_msg=key)


def test_a_gradient_or_a_state_that_lies_otherwise_is_stepped_by_the_plain_kernels() -> None:
    backend = get_backend("torch")
    with use_backend(backend):
        from polynet import nn

        layer = nn.Conv2d(3, 4, 3, bias=False)
        nn.initialise(layer, 0)
    own = backend.optimizer("sgd", layer, lr=0.1, momentum=0.9)
    start = layer.weight.detach().clone()
    gradient = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0))

    layer.weight.grad = gradient.to(memory_format=torch.channels_last)
    own.step()
    assert own.native.param_groups[0]["fused"] is None
    torch.testing.assert_close(layer.weight.detach(), start - 0.1 * gradient)

    # The momentum is a copy of that gradient, and lies as it did.
    layer.weight.grad = gradient.clone()
    own.step()
    assert own.native.param_groups[0]["fused"] is None
    torch.testing.assert_close(layer.weight.detach(), start - 0.1 * gradient - 0.1 * 1.9 * gradient)


def test_half_precision_and_sparse_gradients_are_left_to_torch() -> None:
    backend = get_backend("torch")
    half = torch.nn.Linear(3, 2).to(torch.bfloat16)
    own = backend.optimizer("sgd", half, lr=0.1)
    half(torch.ones(1, 3, dtype=torch.bfloat16)).sum().backward()
    own.step()
    assert own.native.param_groups[0]["fused"] is None

    table = torch.nn.Embedding(4, 2, sparse=True)
    start = table.weight.detach().clone()
    own = backend.optimizer("sgd", table, lr=0.5)
    table(torch.tensor([1])).sum().backward()
    own.step()
    assert own.native.param_groups[0]["fused"] is None
    torch.testing.assert_close(table.weight.detach()[1], start[1] - 0.5)
    torch.testing.assert_close(table.weight.detach()[0], start[0])


def test_a_state_of_another_order_is_seen_when_its_parameter_is_stepped_for_the_first_time() -> None:
    """Its group was stepped before, by fused kernels, on account of other parameters."""
    backend = get_backend("torch")
    with use_backend(backend):
        from polynet import nn

        net = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.Conv2d(3, 4, 3, bias=False))
        nn.initialise(net, 0)
    own = backend.optimizer("sgd", net, lr=0.1, momentum=0.9)
    first, second = net[0].weight, net[1].weight
    momentum = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    own.native.state[second]["momentum_buffer"] = momentum.to(memory_format=torch.channels_last)
    first.grad = torch.ones_like(first)
    own.step()
    assert own.native.param_groups[0]["fused"] is True
    start = second.detach().clone()
    second.grad = torch.ones_like(second)
    own.step()
    assert own.native.param_groups[0]["fused"] is None
    torch.testing.assert_close(second.detach(), start - 0.1 * (0.9 * momentum + 1.0))
