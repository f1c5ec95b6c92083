"""Steps of every optimiser: the same on every framework, and those that independent formulas give."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.train.rules import rule_names
from tests.train.optimizer_steps import largest_difference, small_net, take_steps, weights

Array = np.ndarray[Any, Any]

SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {"lr": 0.1}),
    ("sgd", {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-2}),
    ("sgd", {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-2, "nesterov": True}),
    ("sgd", {"lr": 0.1, "momentum": 0.8, "dampening": 0.3, "maximize": True}),
    ("adam", {"lr": 1e-3}),
    ("adam", {"lr": 1e-2, "weight_decay": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}),
    ("adam", {"lr": 1e-2, "amsgrad": True, "maximize": True}),
    ("adamw", {"lr": 1e-3, "weight_decay": 0.05}),
    ("adamw", {"lr": 0.1, "weight_decay": 0.5}),
    ("rmsprop", {"lr": 1e-3}),
    ("rmsprop", {"lr": 1e-3, "alpha": 0.9, "momentum": 0.9, "centered": True, "weight_decay": 0.1}),
    ("adagrad", {"lr": 1e-2, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.1}),
    ("adadelta", {"weight_decay": 0.1}),
    ("lars", {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-2, "nesterov": True}),
    ("lars", {"lr": 0.5, "momentum": 0.9, "weight_decay": 1e-2, "eta": 1e-2}),
    ("lamb", {"lr": 1e-2, "weight_decay": 0.1}),
]

GROUPS = [
    {"name": "decayed", "names": ["stem.weight", "grouped.weight", "classifier.weight"], "lr": 0.02},
    {"name": "plain", "names": ["stem.bias", "norm.weight", "norm.bias", "grouped.bias"], "weight_decay": 0.0},
]


def _after(backend: Backend, name: str, options: dict[str, Any], **more: Any) -> dict[str, Array]:
    clip = more.pop("clip", None)
    net = small_net(backend)
    take_steps(backend, net, backend.optimizer(name, net, **options, **more), 5, clip)
    return weights(backend, net)


@pytest.mark.parametrize(("name", "options"), SETTINGS, ids=lambda value: value if isinstance(value, str) else None)
def test_five_steps_are_the_same_on_both_frameworks(
    both: tuple[Backend, Backend], name: str, options: dict[str, Any]
) -> None:
    left, right = (_after(backend, name, options) for backend in both)
    difference, where = largest_difference(left, right)
    assert difference <= 1e-6, where


def test_every_optimizer_is_compared() -> None:
    assert {name for name, _ in SETTINGS} == set(rule_names())


@pytest.mark.parametrize("name", ["sgd", "adamw", "rmsprop", "lars", "lamb"])
def test_groups_and_clipping_are_the_same_on_both_frameworks(both: tuple[Backend, Backend], name: str) -> None:
    # RMSprop divides by the root of the gradient's mean square: near zero it makes whole steps of rounding.
    options = {"lr": 0.01, "weight_decay": 0.1, **({"eps": 1e-3} if name == "rmsprop" else {})}
    left, right = (_after(backend, name, options, groups=GROUPS, clip=0.3) for backend in both)
    difference, where = largest_difference(left, right)
    assert difference <= 1e-6, where


def test_settings_of_a_group_hold_for_it_alone(backend: Backend) -> None:
    groups = [{**GROUPS[0], "nesterov": True}, {**GROUPS[1], "momentum": 0.0}]
    optimizer = backend.optimizer("sgd", small_net(backend), groups, lr=0.5, momentum=0.9, weight_decay=0.1)
    decayed, plain = optimizer.groups
    assert (decayed["name"], decayed["lr"], decayed["weight_decay"], decayed["nesterov"]) == (
        "decayed",
        0.02,
        0.1,
        True,
    )
    assert (plain["name"], plain["lr"], plain["weight_decay"], plain["momentum"]) == ("plain", 0.5, 0.0, 0.0)
    assert decayed["parameters"] == ("stem.weight", "grouped.weight", "classifier.weight")


def test_parameters_in_no_group_are_not_stepped(backend: Backend) -> None:
    net = small_net(backend)
    before = weights(backend, net)
    take_steps(backend, net, backend.optimizer("adam", net, [{"names": ["classifier.bias"]}], lr=0.1), 2)
    after = weights(backend, net)
    assert [name for name in before if not np.array_equal(before[name], after[name])] == ["classifier.bias"]


def test_a_learning_rate_set_between_steps_holds_for_the_next(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer("sgd", net, lr=0.1)
    before = weights(backend, net)
    optimizer.groups[0]["lr"] = 0.0
    take_steps(backend, net, optimizer, 1)
    assert largest_difference(before, weights(backend, net))[0] == 0.0
    optimizer.groups[0]["lr"] = np.float64(0.1)
    assert optimizer.native.param_groups[0]["lr"] == 0.1
    take_steps(backend, net, optimizer, 1)
    assert largest_difference(before, weights(backend, net))[0] > 0.0


# Independent formulas: five steps on the gradient of a quadratic, in float64.

_START = {"weight": np.array([[1.0, -2.0, 0.5]]), "bias": np.array([0.25])}
_SLOPE = {"weight": np.array([[0.3, 1.5, -0.7]]), "bias": np.array([-0.4])}


def _quadratic_steps(backend: Backend, name: str, options: dict[str, Any]) -> dict[str, Array]:
    """Steps on `sum(w ** 2) / 2 + sum(slope * w)`, whose gradient is `w + slope`."""
    net = nn.Linear(3, 1)
    slots = backend.slots(net)
    for key, slot in slots.items():
        slot.write(_START[key].astype(np.float32))
    slopes = {key: backend.tensor(value.astype(np.float32)) for key, value in _SLOPE.items()}
    optimizer = backend.optimizer(name, net, **options)
    for _ in range(5):
        optimizer.step(
            lambda: sum(
                ops.sum(slots[key].tensor ** 2) * 0.5 + ops.sum(slots[key].tensor * slopes[key]) for key in slots
            )
        )
    return {key: slot.read() for key, slot in slots.items()}


def _expected(rule: Callable[[Array, Array, dict[str, Any]], Array]) -> dict[str, Array]:
    weights = {key: value.copy() for key, value in _START.items()}
    states: dict[str, dict[str, Any]] = {key: {} for key in weights}
    for _ in range(5):
        for key in weights:
            weights[key] = rule(weights[key], weights[key] + _SLOPE[key], states[key])
    return weights


def _norm(array: Array) -> float:
    return math.sqrt(float((array**2).sum()))


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("always", [False, True])
@pytest.mark.parametrize("nesterov", [False, True])
def test_lars_takes_the_steps_of_its_formula(backend: Backend, decay: float, always: bool, nesterov: bool) -> None:
    def rule(weight: Array, gradient: Array, state: dict[str, Any]) -> Array:
        gradient = gradient + decay * weight
        state["v"] = 0.9 * state.get("v", 0.0) + gradient
        step = gradient + 0.9 * state["v"] if nesterov else state["v"]
        ratio = _norm(weight) / _norm(step) if always or decay > 0 else 1.0
        return weight - 0.05 * ratio * step

    options = {"lr": 0.05, "momentum": 0.9, "weight_decay": decay, "always_adapt": always, "nesterov": nesterov}
    actual = _quadratic_steps(backend, "lars", options)
    assert largest_difference(_expected(rule), actual)[0] <= 1e-6


def test_lars_with_eta_takes_the_steps_of_the_paper(backend: Backend) -> None:
    def rule(weight: Array, gradient: Array, state: dict[str, Any]) -> Array:
        local = 0.02 * _norm(weight) / (_norm(gradient) + 0.1 * _norm(weight) + 1e-8)
        state["v"] = 0.9 * state.get("v", 0.0) + 2.0 * local * (gradient + 0.1 * weight)
        return weight - state["v"]

    options = {"lr": 2.0, "momentum": 0.9, "weight_decay": 0.1, "eta": 0.02}
    assert largest_difference(_expected(rule), _quadratic_steps(backend, "lars", options))[0] <= 1e-6


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("always", [False, True])
@pytest.mark.parametrize("corrects", [False, True])
@pytest.mark.parametrize("clips", [False, True])
def test_lamb_takes_the_steps_of_its_formula(
    backend: Backend, decay: float, always: bool, corrects: bool, clips: bool
) -> None:
    def rule(weight: Array, gradient: Array, state: dict[str, Any]) -> Array:
        step = state["step"] = state.get("step", 0) + 1
        state["m"] = 0.9 * state.get("m", 0.0) + 0.1 * gradient
        state["v"] = 0.99 * state.get("v", 0.0) + 0.01 * gradient**2
        mean = state["m"] / (1 - 0.9**step if corrects else 1.0)
        square = state["v"] / (1 - 0.99**step if corrects else 1.0)
        update = mean / (np.sqrt(square) + 1e-6) + decay * weight
        ratio = _norm(weight) / _norm(update) if always or decay > 0 else 1.0
        return weight - 0.05 * (min(ratio, 1.0) if clips else ratio) * update

    options = {"lr": 0.05, "betas": (0.9, 0.99), "eps": 1e-6, "weight_decay": decay}
    options |= {"always_adapt": always, "bias_correction": corrects, "trust_clip": clips}
    actual = _quadratic_steps(backend, "lamb", options)
    assert largest_difference(_expected(rule), actual)[0] <= 1e-6


@pytest.mark.parametrize("name", ["lars", "lamb"])
def test_a_parameter_or_gradient_of_zeros_is_stepped_without_the_ratio(backend: Backend, name: str) -> None:
    net = nn.Linear(2, 1)
    for slot in backend.slots(net).values():
        slot.write(np.zeros(slot.shape, np.float32))
    optimizer = backend.optimizer(name, net, lr=0.1, weight_decay=0.1)
    optimizer.step(lambda: ops.sum(net(backend.tensor(np.array([[1.0, 0.0]], np.float32)))) * 1.0)
    stepped = {key: slot.read() for key, slot in backend.slots(net).items()}
    assert np.allclose(stepped["weight"], [[-0.1, 0.0]])
    assert np.allclose(stepped["bias"], [-0.1])
    still = backend.optimizer(name, net, lr=0.1)
    still.step(lambda: ops.sum(net(backend.tensor(np.zeros((1, 2), np.float32)))) * 0.0)
    assert all(np.isfinite(slot.read()).all() for slot in backend.slots(net).values())


def test_rmsprop_centered_stays_finite_where_gradients_never_change(both: tuple[Backend, Backend]) -> None:
    """The rule; torch's own takes the root of a variance that rounding made negative, and steps by NaN."""
    backend = both[1]
    with use_backend(backend):
        net = nn.Linear(2, 1)
    optimizer = backend.optimizer("rmsprop", net, lr=1e-6, centered=True, alpha=0.5, eps=1e-3)
    rows = backend.tensor(np.array([[0.1, 0.3]], np.float32))
    for _ in range(40):
        optimizer.step(lambda: ops.sum(net(rows)))
    assert all(np.isfinite(slot.read()).all() for slot in backend.slots(net).values())
