"""torch's fused steps on a CPU: taken where they compute what the others do, and nowhere else."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polynet import nn
from polynet.backend import get_backend, use_backend
from tests.train.optimizer_steps import loss_of, small_net

torch = pytest.importorskip("torch")

OPTIONS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "adam": {"lr": 0.01, "amsgrad": True, "weight_decay": 0.01},
    "adamw": {"lr": 0.01},
    "adagrad": {"lr": 0.1},
}


def _noted(own: Any) -> list[Any]:
    """What `fused` of the first group is in each step from now on."""
    fused: list[Any] = []
    own.native.register_step_pre_hook(lambda native, *rest: fused.append(native.param_groups[0]["fused"]))
    return fused


def _trained(name: str, prepare: Callable[[Any], Any] | None, *, is_plain: bool) -> tuple[dict[str, Any], list[Any]]:
    """Weights after five steps of our optimiser, or of torch's own as it is; and what `fused` was each time."""
    backend = get_backend("torch")
    net = small_net(backend)
    own = backend.optimizer(name, net, **OPTIONS[name])
    fused = _noted(own)
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
        layer = nn.Conv2d(3, 4, 3, bias=False)
        nn.initialise(layer, 0)
    own = backend.optimizer("sgd", layer, lr=0.1, momentum=0.9)
    fused = _noted(own)
    start = layer.weight.detach().clone()
    gradient = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0))

    layer.weight.grad = gradient.to(memory_format=torch.channels_last)
    own.step()
    torch.testing.assert_close(layer.weight.detach(), start - 0.1 * gradient)

    # The momentum is a copy of that gradient, and lies as it did.
    layer.weight.grad = gradient.clone()
    own.step()
    assert fused == [None, None]
    torch.testing.assert_close(layer.weight.detach(), start - 0.1 * gradient - 0.1 * 1.9 * gradient)


def test_half_precision_and_sparse_gradients_are_left_to_torch() -> None:
    backend = get_backend("torch")
    half = torch.nn.Linear(3, 2).to(torch.bfloat16)
    own = backend.optimizer("sgd", half, lr=0.1)
    fused = _noted(own)
    half(torch.ones(1, 3, dtype=torch.bfloat16)).sum().backward()
    own.step()
    assert fused == [None]

    table = torch.nn.Embedding(4, 2, sparse=True)
    start = table.weight.detach().clone()
    own = backend.optimizer("sgd", table, lr=0.5)
    fused = _noted(own)
    table(torch.tensor([1])).sum().backward()
    own.step()
    assert fused == [None]
    torch.testing.assert_close(table.weight.detach()[1], start[1] - 0.5)
    torch.testing.assert_close(table.weight.detach()[0], start[0])


def _two_convolutions() -> Any:
    with use_backend("torch"):
        net = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.Conv2d(3, 4, 3, bias=False))
        nn.initialise(net, 0)
    return net


def test_a_state_of_another_order_is_seen_whatever_was_stepped_before() -> None:
    net = _two_convolutions()
    own = get_backend("torch").optimizer("sgd", net, lr=0.1, momentum=0.9)
    fused = _noted(own)
    first, second = net[0].weight, net[1].weight
    momentum = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    own.native.state[second]["momentum_buffer"] = momentum.to(memory_format=torch.channels_last)
    first.grad = torch.ones_like(first)
    own.step()
    start = second.detach().clone()
    second.grad = torch.ones_like(second)
    own.step()
    assert fused == [True, None]
    torch.testing.assert_close(second.detach(), start - 0.1 * (0.9 * momentum + 1.0))


@pytest.mark.parametrize("name", OPTIONS)
def test_parameters_that_are_stepped_for_the_first_time_beside_others_are_stepped_as_torch_does(name: str) -> None:
    """torch's fused SGD cannot make the momentum of some parameters while others have one."""
    found = []
    for native in (False, True):
        net = _two_convolutions()
        own = get_backend("torch").optimizer(name, net, **OPTIONS[name])
        fused = _noted(own)
        for stepped in ((0,), (0, 1), (1,), (0, 1)):
            for index, layer in enumerate(net):
                generator = torch.Generator().manual_seed(index)
                layer.weight.grad = torch.randn(4, 3, 3, 3, generator=generator) if index in stepped else None
            (own.native if native else own).step()
        found.append([layer.weight.detach().clone() for layer in net])
        assert fused[0] == fused[2] == fused[3] == (None if native else True)
    for ours, plain in zip(*found, strict=True):
        torch.testing.assert_close(ours, plain)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_step_of_the_native_optimisers_own_is_torchs_plain_one(name: str) -> None:
    own = get_backend("torch").optimizer(name, _two_convolutions(), **OPTIONS[name])
    fused = _noted(own)
    for step in (own.step, own.native.step):
        for parameter in own.parameters.values():
            parameter.grad = torch.ones_like(parameter)
        step()
    assert fused == [True, None]
    assert own.native.state_dict()["param_groups"][0]["fused"] is None


def test_gradients_of_a_loss_differentiated_by_torch_itself_are_not_kept_step_after_step() -> None:
    layer = torch.nn.Linear(3, 2)
    own = get_backend("torch").optimizer("sgd", layer, lr=0.1)
    references = []
    for _ in range(4):
        own.zero_grad()
        layer(torch.ones(1, 3)).sum().backward()
        references += [weakref.ref(parameter.grad) for parameter in layer.parameters()]
        own.step()
    own.zero_grad()
    assert [reference() is None for reference in references] == [True] * 6 + [False] * 2
