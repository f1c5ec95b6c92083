"""An optimiser's state: canonical, good for going on with any framework, refused whole where it does not fit."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.errors import WeightsError
from tests.train.optimizer_steps import WITHOUT_GRADIENT, largest_difference, small_net, take_steps, weights

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 0.05, "momentum": 0.9, "dampening": 0.2, "weight_decay": 1e-2},
    "adam": {"lr": 1e-3, "amsgrad": True},
    "adamw": {"lr": 1e-3},
    "rmsprop": {"lr": 1e-3, "momentum": 0.9, "centered": True},
    "adagrad": {"lr": 1e-2, "initial_accumulator_value": 0.1, "lr_decay": 0.1},
    "adadelta": {},
    "lars": {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-2},
    "lamb": {"lr": 1e-2, "weight_decay": 1e-2},
}

KEPT = {
    "sgd": ["momentum_buffer"],
    "adam": ["exp_avg", "exp_avg_sq", "max_exp_avg_sq", "step"],
    "adamw": ["exp_avg", "exp_avg_sq", "step"],
    "rmsprop": ["grad_avg", "momentum_buffer", "square_avg", "step"],
    "adagrad": ["step", "sum"],
    "adadelta": ["acc_delta", "square_avg", "step"],
    "lars": ["momentum_buffer"],
    "lamb": ["exp_avg", "exp_avg_sq", "step"],
}


def _moved(source: Backend, target: Backend, net: Any) -> Any:
    """A network on another framework with the same weights and statistics."""
    twin = small_net(target)
    slots = target.slots(twin)
    for name, slot in source.slots(net).items():
        slots[name].write(slot.read())
    return twin


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_the_state_is_canonical(backend: Backend, name: str) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer(name, net, **OPTIMIZERS[name])
    assert optimizer.state()["slots"] == {}
    take_steps(backend, net, optimizer, 2)
    state = optimizer.state()
    assert state["name"] == name
    assert state["groups"][0]["parameters"] == list(optimizer.parameters)
    assert all(
        isinstance(value, bool | int | float | str | list | tuple | None) for value in state["groups"][0].values()
    )
    for key, slot in backend.slots(net).items():
        if slot.kind == "parameter":
            entry = state["slots"][key]
            assert sorted(entry) == KEPT[name]
            assert entry.get("step", 2) == 2
            arrays = [value for part, value in entry.items() if part != "step"]
            assert all(array.dtype == np.float32 and array.shape == slot.shape for array in arrays)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_a_run_continues_bit_for_bit_on_the_same_framework(backend: Backend, name: str) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer(name, net, **OPTIMIZERS[name])
    take_steps(backend, net, optimizer, 3)
    twin = _moved(backend, backend, net)
    resumed = backend.optimizer(name, twin, **{**OPTIMIZERS[name], "lr": 0.7})
    resumed.load_state(copy.deepcopy(optimizer.state()))
    take_steps(backend, net, optimizer, 3)
    take_steps(backend, twin, resumed, 3)
    assert largest_difference(weights(backend, net), weights(backend, twin))[0] == 0.0


@pytest.mark.parametrize("name", list(OPTIMIZERS))
@pytest.mark.parametrize("forwards", [True, False], ids=["from torch", "to torch"])
def test_a_run_continues_on_the_other_framework(both: tuple[Backend, Backend], name: str, forwards: bool) -> None:
    source, target = both if forwards else tuple(reversed(both))
    net = small_net(source)
    optimizer = source.optimizer(name, net, **OPTIMIZERS[name])
    take_steps(source, net, optimizer, 3)
    twin = _moved(source, target, net)
    resumed = target.optimizer(name, twin, **OPTIMIZERS[name])
    resumed.load_state(optimizer.state())
    take_steps(source, net, optimizer, 3)
    take_steps(target, twin, resumed, 3)
    difference, where = largest_difference(weights(source, net), weights(target, twin))
    assert difference <= 1e-6, where


def test_groups_and_their_further_values_are_restored(backend: Backend) -> None:
    groups = [{"names": ["stem.weight"], "lr": 0.3}, {"names": ["norm.weight"], "nesterov": True}]
    first, second = (backend.optimizer("sgd", small_net(backend), groups, lr=0.1, momentum=0.9) for _ in range(2))
    first.groups[0]["lr"] = 0.03
    first.groups[0]["initial_lr"] = 0.3
    second.load_state(first.state())
    assert (second.groups[0]["lr"], second.groups[0]["initial_lr"]) == (0.03, 0.3)
    assert second.groups[1]["nesterov"] is True
    assert "initial_lr" not in second.groups[1]


def test_loading_the_state_before_the_first_step_forgets_the_steps_since(backend: Backend) -> None:
    for name, options in OPTIMIZERS.items():
        net = small_net(backend)
        optimizer = backend.optimizer(name, net, **options)
        fresh = optimizer.state()
        take_steps(backend, net, optimizer, 1)
        optimizer.load_state(fresh)
        assert optimizer.state()["slots"] == {}
        twin = _moved(backend, backend, net)
        again = backend.optimizer(name, twin, **options)
        take_steps(backend, net, optimizer, 2)
        take_steps(backend, twin, again, 2)
        assert largest_difference(weights(backend, net), weights(backend, twin))[0] == 0.0


def _without(state: dict[str, Any], *path: Any) -> dict[str, Any]:
    changed = copy.deepcopy(state)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return changed


def _with(state: dict[str, Any], value: Any, *path: Any) -> dict[str, Any]:
    changed = copy.deepcopy(state)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


BAD_STATES = {
    "no mapping": (lambda state: [1, 2], "mapping with 'name', 'groups' and 'slots'"),
    "another optimiser": (lambda state: _with(state, "adamw", "name"), "of the optimiser 'adamw', and this is 'adam'"),
    "another number of groups": (
        lambda state: _with(state, [], "groups"),
        "0 groups of parameters, and this optimiser 1",
    ),
    "a parameter too few": (
        lambda state: _with(state, ["stem.weight"], "groups", 0, "parameters"),
        "group 0 lacks 'stem.bias'",
    ),
    "a parameter too many": (
        lambda state: _with(state, [*state["groups"][0]["parameters"], "x"], "groups", 0, "parameters"),
        "group 0 has 'x'",
    ),
    "a setting too few": (lambda state: _without(state, "groups", 0, "eps"), "group 0 lacks 'eps'"),
    "a wrong setting": (lambda state: _with(state, -1.0, "groups", 0, "lr"), "lr must be a finite number of 0 or more"),
    "state of a stranger": (lambda state: _with(state, {}, "slots", "x"), "'x' is not this optimiser's"),
    "an array too few": (lambda state: _without(state, "slots", "norm.bias", "exp_avg"), "'norm.bias' lacks 'exp_avg'"),
    "an array too many": (
        lambda state: _with(state, np.zeros(8), "slots", "norm.bias", "sum"),
        "'norm.bias' has 'sum', which 'adam' does not keep",
    ),
    "another shape": (
        lambda state: _with(state, np.zeros((8, 1), np.float32), "slots", "norm.bias", "exp_avg"),
        r"'exp_avg' of 'norm.bias' has the shape \[8, 1\], not \[8\]",
    ),
    "no array": (lambda state: _with(state, "x", "slots", "norm.bias", "exp_avg"), "is no array of numbers"),
    "half a step": (lambda state: _with(state, 1.5, "slots", "norm.bias", "step"), "has the step 1.5"),
}


@pytest.mark.parametrize("case", list(BAD_STATES))
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(backend: Backend, case: str) -> None:
    change, message = BAD_STATES[case]
    net = small_net(backend)
    optimizer = backend.optimizer("adam", net, lr=0.1)
    take_steps(backend, net, optimizer, 1)
    before = optimizer.state()
    bad = change(_with(before, 0.5, "groups", 0, "lr")) if case != "a wrong setting" else change(before)
    with pytest.raises(WeightsError, match=message):
        optimizer.load_state(bad)
    after = optimizer.state()
    assert after["groups"] == before["groups"]
    for name, part in itertools.product(before["slots"], ("exp_avg", "exp_avg_sq")):
        np.testing.assert_array_equal(after["slots"][name][part], before["slots"][name][part])


def test_a_saved_state_does_not_change_with_later_steps(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer("sgd", net, lr=0.1, momentum=0.9)
    take_steps(backend, net, optimizer, 1)
    state = optimizer.state()
    kept = copy.deepcopy(state["slots"])
    take_steps(backend, net, optimizer, 2)
    for name, entry in kept.items():
        np.testing.assert_array_equal(state["slots"][name]["momentum_buffer"], entry["momentum_buffer"])
    assert WITHOUT_GRADIENT in kept
