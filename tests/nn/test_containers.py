"""Containers are lists and dictionaries of modules on every backend, with torch's names for their members."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend


def widths(container: Any) -> list[int]:
    return [layer.out_features for layer in container]


def chain(*sizes: int) -> Any:
    return nn.Sequential(*[nn.Linear(1, size) for size in sizes])


def listed(*sizes: int) -> Any:
    return nn.ModuleList([nn.Linear(1, size) for size in sizes])


@pytest.mark.parametrize("make", [chain, listed])
def test_ordered_containers_behave_like_lists(backend: Backend, make: Any) -> None:
    container = make(1, 2, 3)
    assert len(container) == 3
    assert widths(container) == [1, 2, 3]
    assert container[0].out_features == 1
    assert container[-1].out_features == 3
    assert widths(container[1:]) == [2, 3]
    assert type(container[1:]) is type(container)
    assert container.append(nn.Linear(1, 4)) is container
    container.insert(0, nn.Linear(1, 9))
    container.extend([nn.Linear(1, 5), nn.Linear(1, 6)])
    assert widths(container) == [9, 1, 2, 3, 4, 5, 6]
    container[2] = nn.Linear(1, 7)
    del container[0]
    assert widths(container) == [1, 7, 3, 4, 5, 6]
    assert [name for name in backend.slots(container) if name.endswith("weight")] == [
        f"{index}.weight" for index in range(6)
    ]


@pytest.mark.parametrize("make", [chain, listed])
@pytest.mark.parametrize("index", [3, -4])
def test_index_beyond_the_end_is_an_error(backend: Backend, make: Any, index: int) -> None:
    with pytest.raises(IndexError):
        make(1, 2, 3)[index]


def test_more_than_ten_members_keep_their_order(backend: Backend) -> None:
    container = listed(*range(1, 13))
    assert widths(container) == list(range(1, 13))
    assert list(backend.slots(container))[-2:] == ["11.weight", "11.bias"]
    assert [name for name, _ in container.named_children()] == [str(index) for index in range(12)]


def test_sequential_runs_in_order_and_takes_named_members(backend: Backend) -> None:
    net = nn.Sequential(OrderedDict(first=nn.Linear(2, 3), second=nn.ReLU()))
    assert list(backend.slots(net)) == ["first.weight", "first.bias"]
    assert [name for name, _ in net.named_children()] == ["first", "second"]
    assert net.first.out_features == 3
    output = net(backend.tensor(np.ones((4, 2), np.float32)))
    assert tuple(output.shape) == (4, 3)
    assert backend.numpy(output).min() >= 0


def test_empty_sequential_returns_its_input(backend: Backend) -> None:
    assert backend.numpy(nn.Sequential()(backend.tensor([1.0, 2.0]))).tolist() == [1.0, 2.0]


def test_module_dict_behaves_like_a_dictionary(backend: Backend) -> None:
    container = nn.ModuleDict({"b": nn.Linear(1, 1), "a": nn.Linear(1, 2)})
    assert list(container) == list(container.keys()) == ["b", "a"]
    assert "a" in container
    assert "c" not in container
    container["c"] = nn.Linear(1, 3)
    container.update({"d": nn.Linear(1, 4)})
    assert [layer.out_features for layer in container.values()] == [1, 2, 3, 4]
    assert [key for key, _ in container.items()] == ["b", "a", "c", "d"]
    del container["b"]
    assert len(container) == 3
    assert list(backend.slots(container))[:2] == ["a.weight", "a.bias"]
    with pytest.raises(KeyError):
        container["b"]


def test_parameter_list_registers_its_members(backend: Backend) -> None:
    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scales = nn.ParameterList([nn.Parameter(ops.full((2,), float(index))) for index in range(3)])

        def forward(self, x: Any) -> Any:
            for scale in self.scales:
                x = x + scale
            return x

    holder = Holder()
    holder.scales.append(nn.Parameter(ops.full((2,), 10.0)))
    assert list(backend.slots(holder)) == [f"scales.{index}" for index in range(4)]
    assert len(holder.scales) == 4
    assert backend.numpy(holder.scales[-1]).tolist() == [10.0, 10.0]
    assert backend.numpy(holder(backend.tensor([0.0, 1.0]))).tolist() == [13.0, 14.0]


def test_training_mode_reaches_members_added_later(backend: Backend) -> None:
    container = listed(1)
    container.append(nn.Dropout())
    backend.set_training(container, False)
    assert not container[1].training
    backend.set_training(container, True)
    assert container[1].training


def test_a_shared_member_is_one_parameter_under_two_names(backend: Backend) -> None:
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    assert list(backend.slots(net)) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert len(list(net.parameters())) == 2
    assert net[0] is net[2]
