"""The module vocabulary: what `polynet.nn.Module` declares, without a framework."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from polynet import nn, ops
from polynet.backend import Backend
from polynet.errors import InputError


class Net(nn.Module):
    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.first = nn.Linear(3, width)
        self.norm = nn.BatchNorm1d(width)
        self.scale = nn.Parameter(ops.ones((width,)))
        self.register_buffer("table", ops.zeros((2, 2)))
        self.register_buffer("cache", ops.zeros((5,)), persistent=False)
        self.note = "plain"

    def forward(self, x: Any) -> Any:
        return self.norm(self.first(x)) * self.scale


@pytest.fixture
def net(shapes: Backend) -> Any:
    return Net()


def test_it_is_a_network_of_every_kind(net: Any, shapes: Backend) -> None:
    assert isinstance(net, Net)
    assert isinstance(net, nn.Module)
    assert isinstance(net, shapes.native_module_type)
    assert isinstance(net.first, nn.Linear)
    assert not isinstance(net.first, nn.Conv2d)
    assert isinstance(net.scale, nn.Parameter)


def test_parameters_buffers_and_children_are_found_by_path(net: Any) -> None:
    assert [name for name, _ in net.named_parameters()] == [
        *("scale", "first.weight", "first.bias", "norm.weight", "norm.bias")
    ]
    assert [name for name, _ in net.named_buffers()] == [
        *("table", "cache", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked")
    ]
    assert [name for name, _ in net.named_modules()] == ["", "first", "norm"]
    assert list(net.children()) == [net.first, net.norm]
    assert net.get_submodule("first") is net.first
    assert net.get_submodule("") is net
    with pytest.raises(AttributeError, match="second"):
        net.get_submodule("second")
    assert "cache" not in net.state_dict()
    assert net.state_dict()["first.weight"] is net.first.weight


def test_slots_are_the_canonical_state(net: Any, shapes: Backend) -> None:
    slots = shapes.slots(net)
    assert {name: (slot.kind, slot.shape, slot.dtype) for name, slot in slots.items()} == {
        "scale": ("parameter", (4,), "float32"),
        "table": ("buffer", (2, 2), "float32"),
        "first.weight": ("parameter", (4, 3), "float32"),
        "first.bias": ("parameter", (4,), "float32"),
        "norm.weight": ("parameter", (4,), "float32"),
        "norm.bias": ("parameter", (4,), "float32"),
        "norm.running_mean": ("buffer", (4,), "float32"),
        "norm.running_var": ("buffer", (4,), "float32"),
    }
    assert slots["first.weight"].tensor is net.first.weight
    assert slots["first.weight"].trainable
    assert not slots["table"].trainable


def test_a_shared_parameter_counts_once_and_is_saved_under_each_name(shapes: Backend) -> None:
    net = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    net[1].weight = net[0].weight
    assert len(list(net.parameters())) == 1
    assert list(shapes.slots(net)) == ["0.weight", "1.weight"]


def test_assignment_registers_replaces_and_removes(net: Any) -> None:
    net.first = nn.Linear(3, 4, bias=False)
    assert "first.bias" not in net.state_dict()
    net.scale = None
    assert net.scale is None
    assert "scale" not in net.state_dict()
    del net.table
    assert not hasattr(net, "table")
    net.extra = nn.Parameter(ops.ones((2,)))
    assert "extra" in dict(net.named_parameters())
    net.cache = ops.zeros((7,))
    assert dict(net.named_buffers())["cache"].shape == (7,)
    assert "cache" not in net.state_dict()
    with pytest.raises(InputError, match="extra"):
        net.extra = 3
    with pytest.raises(InputError, match="note"):
        net.register_buffer("note", ops.zeros(1))


def test_modes_reach_every_module(net: Any) -> None:
    assert net.training
    assert net.norm.training
    assert net.eval() is net
    assert not net.norm.training
    net.requires_grad_(False)
    assert not any(parameter.requires_grad for parameter in net.parameters())
    seen: list[str] = []
    net.apply(lambda module: seen.append(type(module).__name__))
    assert seen == ["Linear", "BatchNorm1d", "Net"]


def test_training_is_seen_where_it_changes_what_is_allowed(net: Any) -> None:
    assert net.eval()(ops.zeros((1, 3))).shape == (1, 4)
    with pytest.raises(InputError, match="more than one value"):
        net.train()(ops.zeros((1, 3)))


def test_hooks_see_and_change_what_passes(net: Any) -> None:
    calls: list[Any] = []
    before = net.register_forward_pre_hook(lambda module, arguments: (arguments[0][:2],))
    after = net.register_forward_hook(
        lambda module, arguments, output: calls.append((arguments[0].shape, output.shape))
    )
    replaced = net.register_forward_hook(lambda module, arguments, output: output[0])
    assert net(ops.zeros((5, 3))).shape == (4,)
    assert calls == [((2, 3), (2, 4))]
    for hook in (before, after, replaced):
        hook.remove()
    assert net(ops.zeros((5, 3))).shape == (5, 4)
    assert len(calls) == 1


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["copy", "pickle"])
def test_copies_are_whole_and_independent(net: Any, twin: Any) -> None:
    other = twin(net)
    assert type(other) is type(net)
    assert repr(other.state_dict()) == repr(net.state_dict())
    assert other.first is not net.first
    assert other.first.weight is not net.first.weight
    other.first = nn.Linear(5, 4)
    assert net(ops.zeros((2, 3))).shape == (2, 4)
    assert other(ops.zeros((2, 5))).shape == (2, 4)


def test_containers_behave_as_lists_and_dictionaries(shapes: Backend) -> None:
    chain = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4))
    assert len(chain) == 3
    assert isinstance(chain[1:], nn.Sequential)
    assert list(chain[1:].state_dict()) == ["2.weight", "2.bias"]
    chain.append(nn.Linear(4, 5))
    chain.insert(0, nn.Identity())
    assert [type(module).__name__ for module in chain] == ["Identity", "Linear", "ReLU", "Linear", "Linear"]
    del chain[0]
    chain[0] = nn.Linear(7, 3)
    assert chain(ops.zeros((1, 7))).shape == (1, 5)
    with pytest.raises(IndexError, match="9"):
        chain[9]
    layers = nn.ModuleList([nn.Linear(2, 2)])
    layers.extend([nn.ReLU(), nn.Tanh()])
    assert layers[-1] is list(layers)[2]
    named = nn.ModuleDict({"a": nn.Linear(2, 2)})
    named["b"] = nn.ReLU()
    assert list(named) == list(named.keys()) == ["a", "b"]
    assert "a" in named
    del named["a"]
    assert [name for name, _ in named.items()] == ["b"]
    parameters = nn.ParameterList([nn.Parameter(ops.ones((2,)))])
    parameters.append(nn.Parameter(ops.ones((3,))))
    assert [parameter.shape for parameter in parameters] == [(2,), (3,)]
    assert list(parameters.state_dict()) == ["0", "1"]


def test_forgetting_to_initialise_the_base_is_explained(shapes: Backend) -> None:
    class Forgetful(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Linear(2, 2)

    with pytest.raises(AttributeError, match="super"):
        Forgetful()


def test_repr_is_a_tree(net: Any) -> None:
    assert repr(net).splitlines() == [
        "Net(",
        "  (first): Linear(in_features=3, out_features=4, bias=True)",
        "  (norm): BatchNorm1d(4, eps=1e-05, momentum=0.1, affine=True)",
        ")",
    ]
