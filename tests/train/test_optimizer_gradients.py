"""What an optimiser does with gradients: accumulation, scaling, clipping, frozen parameters; and what it refuses."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend
from polynet.errors import FrameworkMismatchError, InputError, ModeError, OptionError, UnknownNameError
from polynet.optimizer import Optimizer
from polynet.train.rules import rule_names
from tests.train.optimizer_steps import largest_difference, loss_of, small_net, take_steps, weights

FIRST, SECOND = slice(0, 4), slice(4, 8)


def _gradients(optimizer: Optimizer) -> dict[str, np.ndarray[Any, Any]]:
    found = {name: gradient for name, gradient in optimizer.gradients().items() if gradient is not None}
    assert len(found) == len(optimizer.parameters)
    return found


def _without_statistics(backend: Backend) -> Any:
    """The small network whose batch normalisation does not make the rows of a batch depend on one another."""
    net = small_net(backend)
    net.norm.eval()
    return net


def _optimizer(backend: Backend, net: Any) -> Optimizer:
    return backend.optimizer("sgd", net, lr=0.1)


def _backward(backend: Backend, net: Any, optimizer: Optimizer, rows: slice = slice(None), scale: float = 1.0) -> None:
    with optimizer.recording():
        optimizer.backward(loss_of(backend, net, rows), scale)


def test_gradients_of_two_halves_add_up_to_those_of_the_batch(backend: Backend) -> None:
    net = _without_statistics(backend)
    optimizer = _optimizer(backend, net)
    _backward(backend, net, optimizer)
    whole = _gradients(optimizer)
    optimizer.zero_grad()
    assert set(optimizer.gradients().values()) == {None}
    _backward(backend, net, optimizer, FIRST, 0.5)
    _backward(backend, net, optimizer, SECOND, 0.5)
    assert largest_difference(whole, _gradients(optimizer))[0] <= 1e-6


def test_a_scale_multiplies_the_gradients_and_scaling_back_undoes_it(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = _optimizer(backend, net)
    _backward(backend, net, optimizer)
    plain = _gradients(optimizer)
    optimizer.zero_grad()
    _backward(backend, net, optimizer, scale=1024.0)
    assert np.allclose(_gradients(optimizer)["classifier.bias"], plain["classifier.bias"] * 1024)
    optimizer.scale_gradients(1 / 1024)
    assert largest_difference(plain, _gradients(optimizer))[0] == 0.0


def test_gradients_have_canonical_names_and_shapes(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = _optimizer(backend, net)
    _backward(backend, net, optimizer)
    shapes = {name: slot.shape for name, slot in backend.slots(net).items() if slot.kind == "parameter"}
    assert {name: gradient.shape for name, gradient in _gradients(optimizer).items()} == shapes
    assert shapes["grouped.weight"] == (8, 2, 3, 3)


def _joint_norm(gradients: dict[str, np.ndarray[Any, Any]], order: float) -> float:
    flat = np.concatenate([gradient.ravel() for gradient in gradients.values()]).astype(np.float64)
    return float(np.linalg.norm(flat, order))


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0, math.inf])
@pytest.mark.parametrize("bound", [0.01, 1e6])
def test_clipping_by_norm_returns_the_norm_and_brings_it_to_the_bound(
    backend: Backend, order: float, bound: float
) -> None:
    net = small_net(backend)
    optimizer = _optimizer(backend, net)
    _backward(backend, net, optimizer)
    before = _gradients(optimizer)
    expected = _joint_norm(before, order)
    assert optimizer.clip_gradients_by_norm(bound, order) == pytest.approx(expected, rel=1e-5)
    after = _gradients(optimizer)
    if bound > expected:
        assert largest_difference(before, after)[0] == 0.0
    else:
        assert _joint_norm(after, order) == pytest.approx(bound, rel=1e-4)


def test_clipping_by_norm_is_that_of_torch(both: tuple[Backend, Backend]) -> None:
    torch: Any = importlib.import_module("torch")
    found = []
    for backend in both:
        net = small_net(backend)
        optimizer = _optimizer(backend, net)
        _backward(backend, net, optimizer)
        expected = [torch.nn.Parameter(torch.from_numpy(array)) for array in _gradients(optimizer).values()]
        for parameter in expected:
            parameter.grad = parameter.detach().clone()
        norm = float(torch.nn.utils.clip_grad_norm_(expected, 0.25))
        assert optimizer.clip_gradients_by_norm(0.25) == pytest.approx(norm, rel=1e-6)
        clipped = {name: parameter.grad.numpy() for name, parameter in zip(optimizer.parameters, expected, strict=True)}
        assert largest_difference(clipped, _gradients(optimizer))[0] <= 1e-7
        found.append(norm)
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def _with_gradient(backend: Backend, *numbers: float) -> Optimizer:
    """An optimiser over one weight whose gradient is these numbers."""
    net = nn.Linear(len(numbers), 1, bias=False)
    optimizer = _optimizer(backend, net)
    rows = backend.tensor(np.array([numbers], np.float32))
    with optimizer.recording():
        optimizer.backward(ops.sum(net(rows)))
    return optimizer


def test_clipping_by_value_brings_every_number_into_the_range_and_keeps_nan(backend: Backend) -> None:
    optimizer = _with_gradient(backend, -3.0, 0.25, math.nan, math.inf)
    optimizer.clip_gradients_by_value(-0.5, 1.0)
    np.testing.assert_array_equal(_gradients(optimizer)["weight"], np.array([[-0.5, 0.25, math.nan, 1.0]], np.float32))


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_gradients_that_are_not_finite_are_told_and_their_norm_returned(backend: Backend, wrong: float) -> None:
    optimizer = _with_gradient(backend, 1.0, wrong)
    assert not optimizer.gradients_are_finite()
    norm = optimizer.clip_gradients_by_norm(1.0)
    assert math.isnan(norm) if math.isnan(wrong) else norm == math.inf


def test_finite_gradients_are_told_also_where_their_squares_overflow(backend: Backend) -> None:
    assert _with_gradient(backend, 1e30, -1e30).gradients_are_finite()


def test_without_gradients_there_is_nothing_to_clip_or_step(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer("adamw", net, lr=0.1)
    before = weights(backend, net)
    assert optimizer.clip_gradients_by_norm(1.0) == 0.0
    assert optimizer.gradients_are_finite()
    optimizer.clip_gradients_by_value(-1.0, 1.0)
    optimizer.scale_gradients(2.0)
    assert optimizer.step() is None
    assert largest_difference(before, weights(backend, net))[0] == 0.0


@pytest.mark.checklist("S3-34")
def test_frozen_parameters_are_left_out(backend: Backend) -> None:
    net = small_net(backend)
    net.stem.weight.requires_grad = False
    optimizer = backend.optimizer("sgd", net, [{"names": ["stem.weight", "norm.weight"]}], lr=0.1, weight_decay=0.1)
    assert list(optimizer.parameters) == ["norm.weight"]
    before = weights(backend, net)
    take_steps(backend, net, optimizer, 2)
    after = weights(backend, net)
    assert [name for name in before if not np.array_equal(before[name], after[name])] == ["norm.weight"]


def test_a_parameter_frozen_later_gets_no_gradient_and_no_step(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = backend.optimizer("sgd", net, lr=0.1, momentum=0.9, weight_decay=0.1)
    take_steps(backend, net, optimizer, 1)
    net.stem.weight.requires_grad = False
    before = weights(backend, net)
    take_steps(backend, net, optimizer, 1)
    assert optimizer.gradients()["stem.weight"] is None
    after = weights(backend, net)
    assert [name for name in before if np.array_equal(before[name], after[name])] == ["stem.weight"]


def test_a_parameter_with_two_names_is_stepped_once_and_stands_under_the_first(backend: Backend) -> None:
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    net[1].weight = net[0].weight
    optimizer = backend.optimizer("sgd", net, [{"names": ["1.weight", "0.weight"]}], lr=1.0)
    assert list(optimizer.parameters) == ["0.weight"]
    with pytest.raises(OptionError, match=r"'1\.weight' is in group 0 and in group 1"):
        backend.optimizer("sgd", net, [{"names": ["0.weight"]}, {"names": ["1.weight"]}])


def test_names_of_optimizers_may_be_in_any_case(backend: Backend) -> None:
    assert backend.optimizer("AdamW", small_net(backend)).name == "adamw"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("sgd", {"momentun": 0.9}, "has no option 'momentun'.*Did you mean 'momentum'"),
        ("sgd", {"lr": -1}, "lr must be a finite number of 0 or more, not -1"),
        ("sgd", {"lr": math.nan}, "lr must be a finite number"),
        ("sgd", {"lr": "fast"}, "lr must be a finite number of 0 or more, not 'fast'"),
        ("sgd", {"nesterov": True}, "nesterov=True needs a momentum above 0"),
        ("sgd", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "no dampening"),
        ("adam", {"betas": (0.9, 1.0)}, "betas must be two numbers from 0 to below 1"),
        ("adam", {"betas": 0.9}, "betas must be two numbers"),
        ("adam", {"amsgrad": "no"}, "amsgrad must be True or False"),
        ("lamb", {"max_grad_norm": 1.0}, "has no option 'max_grad_norm'; it has lr, betas"),
    ],
)
def test_a_wrong_option_is_refused_by_name(backend: Backend, name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        backend.optimizer(name, small_net(backend), **options)


def test_an_unknown_optimizer_is_refused_with_the_nearest(backend: Backend) -> None:
    with pytest.raises(UnknownNameError, match=r"There is no optimiser 'adamm'.*Did you mean 'adam'"):
        backend.optimizer("adamm", small_net(backend))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([{"names": ["stem.wait"]}], "names 'stem.wait', which is no parameter of the module.*'stem.weight'"),
        ([{"names": ["norm.running_mean"]}], "which is no parameter"),
        ([{"lr": 0.1}], "list of parameter names under 'names'"),
        ([{"names": "stem.weight"}], "list of parameter names under 'names'"),
        (["stem.weight"], "list of parameter names under 'names'"),
        ([{"names": ["stem.weight"], "lrr": 1}], "has no option 'lrr'"),
        ([{"names": ["stem.weight"]}, {"names": ["stem.weight"]}], "is in group 0 and in group 1"),
        ([], "nothing to optimise"),
    ],
)
def test_wrong_groups_are_refused(backend: Backend, groups: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        backend.optimizer("sgd", small_net(backend), groups, lr=0.1)


def test_a_module_without_trainable_parameters_is_refused(backend: Backend) -> None:
    with pytest.raises(OptionError, match="nothing to optimise"):
        backend.optimizer("sgd", nn.ReLU(), lr=0.1)


def test_a_setting_can_only_take_values_it_may_have(backend: Backend) -> None:
    group = backend.optimizer("sgd", small_net(backend), lr=0.1).groups[0]
    with pytest.raises(OptionError, match="lr must be"):
        group["lr"] = math.inf
    with pytest.raises(OptionError, match=r"'parameters' .* cannot be changed"):
        group["parameters"] = ()
    with pytest.raises(OptionError, match=r"'params' .* cannot be changed"):
        group["params"] = ()
    with pytest.raises(OptionError, match=r"'lr' .* cannot be removed"):
        del group["lr"]
    with pytest.raises(KeyError):
        group["params"]
    assert group["lr"] == 0.1
    group["note"] = "x"
    assert list(group)[-1] == "note"
    del group["note"]
    assert list(group) == ["name", "parameters", *list(group)[2:]]
    assert len(group) == len(list(group))
    assert "lr=0.1" in repr(group)


def test_what_is_no_loss_is_refused(backend: Backend) -> None:
    net = small_net(backend)
    optimizer = _optimizer(backend, net)
    with pytest.raises(FrameworkMismatchError, match=r"must be a .*Tensor, not builtins\.float"), optimizer.recording():
        optimizer.backward(0.5)
    with pytest.raises(InputError, match=r"must be one number, and has the shape \[4, 8"), optimizer.recording():
        optimizer.backward(net.classifier.weight * 2.0)
    with pytest.raises(ModeError, match="depends on no trainable parameter"), optimizer.recording():
        optimizer.backward(backend.tensor(np.float32(1.0)) * 2.0)
    take_steps(backend, net, optimizer, 1)


@pytest.mark.parametrize("name", rule_names())
def test_the_native_optimizer_is_one_of_the_framework(backend: Backend, name: str) -> None:
    native = backend.optimizer(name, small_net(backend)).native
    assert any(base.__module__.startswith(f"{backend.framework}.optim") for base in type(native).__mro__)
