"""Parameters, buffers and modules of a network answer to torch's names on every backend, in torch's order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import InputTypeError
from tests.nn.networks import Block, Network, run, samples


class Unordered(nn.Module):
    """Members defined against the alphabet, and a bare parameter after the modules."""

    def __init__(self) -> None:
        super().__init__()
        self.zeta = nn.Linear(2, 2)
        self.alpha = nn.BatchNorm1d(2)
        self.middle = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
        self.own = nn.Parameter(np.ones(2, np.float32))

    def forward(self, x: Any) -> Any:
        return self.alpha(self.middle[1](self.middle[0](self.zeta(x)))) * self.own


def names(pairs: Any) -> list[str]:
    return [name for name, _ in pairs]


def test_members_are_listed_in_torchs_order(backend: Backend, reference: Backend) -> None:
    net = Unordered()
    with use_backend(reference):
        expected = Unordered()
    for method in ("named_parameters", "named_modules", "named_children"):
        assert names(getattr(net, method)()) == names(getattr(expected, method)()), method
    # torch counts batches in a buffer of its own, which is no part of the canonical state.
    buffers = [name for name in names(expected.named_buffers()) if not name.endswith("num_batches_tracked")]
    assert [name for name in names(net.named_buffers()) if not name.endswith("num_batches_tracked")] == buffers
    assert list(backend.slots(net)) == list(reference.slots(expected))


def test_buffers_that_are_not_persistent_take_part_and_are_not_saved(backend: Backend) -> None:
    block = Block()
    assert "shift" in backend.slots(block)
    assert "cache" not in backend.slots(block)
    assert backend.slots(block)["shift"].kind == "buffer"
    assert not backend.slots(block)["shift"].trainable
    assert {"shift", "cache"} <= set(names(block.named_buffers()))
    assert "cache" not in block.state_dict()
    assert "shift" in block.state_dict()


def test_train_and_eval_return_the_module_and_reach_every_member(backend: Backend) -> None:
    network = Network()
    assert network.eval() is network
    assert not any(module.training for module in network.modules())
    assert network.train() is network
    assert all(module.training for module in network.modules())
    assert network.train(False) is network
    assert not network.training


def test_frozen_parameters_are_not_trainable_until_thawed(backend: Backend) -> None:
    network = Network()
    assert network.head.requires_grad_(False) is network.head
    trainable = {name for name, slot in backend.slots(network).items() if slot.trainable}
    assert "head.weight" not in trainable
    assert "blocks.0.linear.weight" in trainable
    network.requires_grad_(True)
    assert backend.slots(network)["head.weight"].trainable


def test_parameter_may_be_frozen_from_the_start(backend: Backend) -> None:
    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fixed = nn.Parameter([1.0], requires_grad=False)
            self.free = nn.Parameter([1.0])

    slots = backend.slots(Holder())
    assert (slots["fixed"].trainable, slots["free"].trainable) == (False, True)
    assert slots["fixed"].kind == "parameter"


def test_submodules_are_found_by_path(backend: Backend) -> None:
    network = Network()
    assert network.get_submodule("blocks.1.linear") is network.blocks[1].linear
    assert network.get_submodule("") is network
    with pytest.raises(AttributeError):
        network.get_submodule("blocks.1.nothing")


def test_members_may_be_registered_by_name(backend: Backend) -> None:
    net = nn.Module()
    net.add_module("layer", nn.Linear(2, 2))
    net.register_parameter("scale", nn.Parameter([1.0]))
    net.register_parameter("none", None)
    net.register_buffer("offset", ops.tensor([2.0]))
    net.register_buffer("absent", None)
    assert list(backend.slots(net)) == ["scale", "offset", "layer.weight", "layer.bias"]
    assert net.none is None
    assert net.absent is None


def test_apply_visits_children_first(backend: Backend) -> None:
    network = Network(depth=1)
    visited: list[str] = []
    assert network.apply(lambda module: visited.append(type(module).__name__)) is network
    assert visited == ["Linear", "LayerNorm", "Block", "Sequential", "Linear", "Network"]


def test_replacing_a_member_replaces_its_parameters(backend: Backend) -> None:
    network = Network()
    network.head = nn.Linear(4, 7)
    assert backend.slots(network)["head.weight"].shape == (7, 4)
    assert run(network, samples()).shape == (2, 7)
    network.head = nn.Identity()
    assert "head.weight" not in backend.slots(network)
    assert run(network, samples()).shape == (2, 4)


def test_members_before_the_native_constructor_are_refused(backend: Backend) -> None:
    class Early(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Linear(1, 1)
            super().__init__()

    with pytest.raises(AttributeError, match=r"before|super"):
        Early()


def test_layers_of_two_frameworks_do_not_pass_for_one(both: tuple[Backend, Backend]) -> None:
    torch, megengine = both
    with use_backend(torch):
        net = nn.Sequential(nn.Linear(1, 1))
    with use_backend(megengine):
        foreign = nn.Linear(1, 1)
    with pytest.raises(TypeError):
        net.append(foreign)
    with use_backend(megengine), pytest.raises(TypeError):
        nn.Sequential(net[0])


def test_hooks_see_input_and_output_and_may_be_removed(backend: Backend) -> None:
    layer = nn.Linear(4, 2)
    seen: list[tuple[int, ...]] = []
    handle = layer.register_forward_hook(lambda _, inputs, output: seen.append((len(inputs), *output.shape)))
    run(layer, samples())
    handle.remove()
    run(layer, samples())
    assert seen == [(1, 2, 2)]


@pytest.mark.parametrize("data", [[1, 2], np.array([1, 2], np.int32), np.array([True])])
def test_a_parameter_of_whole_numbers_is_refused(backend: Backend, data: Any) -> None:
    for given in (data, backend.tensor(data)):
        with pytest.raises(InputTypeError, match=r"floating-point numbers, not (int|bool)"):
            nn.Parameter(given)
