"""Accumulation, clipping and what goes with them: MMEngine's rules, on every framework."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from polynet import nn
from polynet.backend import Backend
from polynet.errors import ConfigError, InputError, OptionError, WeightsError
from polynet.nn import initialise
from polynet.train.optim_wrapper import OptimWrapper


def one_number(backend: Backend, start: float = 1.0) -> nn.Module:
    """A model of a single weight."""
    net = nn.Linear(1, 1, bias=False)
    backend.slots(net)["weight"].write(np.full((1, 1), start, np.float32))
    return net


def weight(backend: Backend, net: Any) -> float:
    return float(backend.slots(net)["weight"].read().item())


def made(backend: Backend, net: Any, lr: float = 0.1, **options: Any) -> OptimWrapper:
    return OptimWrapper(backend.optimizer("sgd", net, lr=lr), **options)


def update(wrapper: OptimWrapper, net: Any, gradient: float = 1.0) -> None:
    """One training step whose loss has this gradient."""
    with wrapper.optim_context(net):
        loss = (net.weight * gradient).sum()
    wrapper.update_params(loss)


def walked(backend: Backend, wrapper: OptimWrapper, net: Any, steps: int) -> list[float]:
    found = []
    for _ in range(steps):
        update(wrapper, net)
        found.append(round(weight(backend, net), 5))
    return found


def test_losses_are_averaged_before_a_step(backend: Backend) -> None:
    net = one_number(backend)
    assert walked(backend, made(backend, net, accumulative_counts=3), net, 6) == [1, 1, 0.9, 0.9, 0.9, 0.8]


def test_without_a_count_a_remainder_waits_for_more(backend: Backend) -> None:
    net = one_number(backend)
    assert walked(backend, made(backend, net, accumulative_counts=3), net, 4) == [1, 1, 0.9, 0.9]


def test_with_a_count_a_remainder_is_averaged_over_what_it_has(backend: Backend) -> None:
    net = one_number(backend)
    wrapper = made(backend, net, accumulative_counts=3)
    wrapper.initialize_count_status(net, 0, 4)
    assert walked(backend, wrapper, net, 4) == [1, 1, 0.9, 0.8]


def test_past_the_count_no_gradient_counts_twice(backend: Backend) -> None:
    net = one_number(backend)
    wrapper = made(backend, net, accumulative_counts=3)
    wrapper.initialize_count_status(net, 0, 4)
    assert walked(backend, wrapper, net, 10)[4:] == [0.8, 0.8, 0.7, 0.7, 0.7, 0.6]


@pytest.mark.parametrize("counts", [1, 2, 3, 5])
@pytest.mark.parametrize("most", [0, 1, 4, 7, 10])
def test_the_gradients_of_all_losses_are_used_once(backend: Backend, counts: int, most: int) -> None:
    net = one_number(backend)
    wrapper = made(backend, net, lr=1.0, accumulative_counts=counts)
    wrapper.initialize_count_status(net, 0, most)
    steps = -(-most // counts)
    before = 1.0
    for _ in range(most):
        synced = wrapper.should_sync()
        update(wrapper, net)
        now = weight(backend, net)
        assert (abs(now - before) > 0.5) == synced
        before = now
    assert before == pytest.approx(1.0 - steps, abs=1e-5)


def test_a_run_that_is_resumed_steps_where_it_would_have(backend: Backend) -> None:
    net, rest = one_number(backend), one_number(backend)
    whole, resumed = (made(backend, each, accumulative_counts=3) for each in (net, rest))
    whole.initialize_count_status(net, 0, 8)
    resumed.initialize_count_status(rest, 3, 8)
    walked(backend, whole, net, 3)
    backend.slots(rest)["weight"].write(backend.slots(net)["weight"].read())
    assert walked(backend, resumed, rest, 5) == walked(backend, whole, net, 5)
    assert resumed.inner_count == whole.inner_count == 8


def test_gradients_lost_between_steps_are_logged(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    net = one_number(backend)
    with caplog.at_level(logging.WARNING, "polynet.train"):
        made(backend, net, accumulative_counts=3).initialize_count_status(net, 4, 9)
    assert "lost" in caplog.text


def test_gradients_that_a_state_brings_are_kept_and_not_called_lost(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    net = one_number(backend)
    first, second = (made(backend, net, accumulative_counts=2) for _ in range(2))
    whole = first.state()
    update(first, net)
    second.load_state(first.state())
    with caplog.at_level(logging.WARNING, "polynet.train"):
        second.initialize_count_status(net, 1, 9)
    assert "lost" not in caplog.text
    assert second.state()["gradients"]["weight"].tolist() == [[0.5]]
    second.load_state(whole)
    assert "gradients" not in second.state()


def test_accumulation_under_batch_normalisation_is_logged(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    net = nn.BatchNorm1d(2)
    with caplog.at_level(logging.INFO, "polynet.train"):
        made(backend, net).initialize_count_status(net, 0, 9)
        assert caplog.text == ""
        made(backend, net, accumulative_counts=2).initialize_count_status(net, 0, 9)
    assert "Batch normalisation" in caplog.text


def test_parameters_may_be_updated_inside_the_context_or_after_it(backend: Backend) -> None:
    inside, after = one_number(backend), one_number(backend)
    one, other = made(backend, inside, accumulative_counts=2), made(backend, after, accumulative_counts=2)
    for _ in range(4):
        with one.optim_context(inside):
            one.update_params((inside.weight * inside.weight).sum())
        with other.optim_context(after):
            loss = (after.weight * after.weight).sum()
        other.update_params(loss)
    assert weight(backend, inside) == weight(backend, after) == pytest.approx(0.64)


def test_the_steps_of_a_loss_are_available_one_by_one(backend: Backend) -> None:
    net = one_number(backend)
    wrapper = made(backend, net, accumulative_counts=2)
    for _ in range(2):
        with wrapper.optim_context(net):
            loss = wrapper.scale_loss(net.weight.sum())
            wrapper.backward(loss)
    assert wrapper.should_update()
    wrapper.step()
    wrapper.zero_grad()
    assert weight(backend, net) == pytest.approx(0.9)
    assert wrapper.optimizer.gradients() == {"weight": None}


def test_no_step_is_taken_where_all_its_losses_are_left_out(backend: Backend) -> None:
    net = one_number(backend)
    wrapper = made(backend, net, clip_grad={"max_norm": 9.0}, loss_scale={"init_scale": 2.0, "growth_interval": 2})
    assert wrapper.loss_scale is not None
    update(wrapper, net, 3.0)
    wrapper.leave_out()
    assert wrapper.inner_count == 2
    assert wrapper.last_grad_norm == pytest.approx(3.0)
    assert wrapper.loss_scale.scale == 2.0  # it grows after two steps
    update(wrapper, net, 3.0)
    assert wrapper.loss_scale.scale == 4.0
    assert weight(backend, net) == pytest.approx(0.4)


def test_gradients_are_clipped_by_norm_after_they_are_averaged(backend: Backend) -> None:
    net = one_number(backend)
    wrapper = made(backend, net, accumulative_counts=2, clip_grad={"max_norm": 1.0})
    assert wrapper.last_grad_norm is None
    update(wrapper, net, 4.0)
    update(wrapper, net, 2.0)
    assert wrapper.last_grad_norm == pytest.approx(3.0)
    assert weight(backend, net) == pytest.approx(0.9, abs=1e-5)


@pytest.mark.parametrize(
    ("clip", "expected"),
    [
        ({"type": "value", "clip_value": 0.5}, 0.95),
        ({"type": "value", "lower": -1.0, "upper": 2.0}, 0.8),
        ({"type": "norm", "max_norm": 2, "norm_type": "inf"}, 0.8),
        ({"max_norm": 100.0}, 0.7),
    ],
)
def test_each_way_of_clipping_bounds_the_step(backend: Backend, clip: dict[str, Any], expected: float) -> None:
    net, given = one_number(backend), dict(clip)
    update(made(backend, net, clip_grad=clip), net, 3.0)
    assert weight(backend, net) == pytest.approx(expected, abs=1e-5)
    assert clip == given


def test_a_norm_that_is_not_finite_is_an_error_where_asked_for(backend: Backend) -> None:
    net = one_number(backend)
    wrapper = made(backend, net, clip_grad={"max_norm": 1.0, "error_if_nonfinite": True})
    with pytest.raises(InputError, match="not finite"):
        update(wrapper, net, float("inf"))
    assert weight(backend, net) == 1.0


class Shared(nn.Module):
    """A model that notes when its processes need not exchange gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(np.ones((1,), np.float32))
        self.held: list[int] = []

    @contextlib.contextmanager
    def no_sync(self) -> Iterator[None]:
        self.held.append(0)
        yield
        self.held[-1] = 1


def test_gradients_are_exchanged_only_before_a_step(backend: Backend) -> None:
    net = Shared()
    wrapper = made(backend, net, accumulative_counts=3)
    wrapper.initialize_count_status(net, 0, 4)
    counts = []
    for _ in range(4):
        update(wrapper, net)
        counts.append(len(net.held))
    assert counts == [1, 2, 2, 2]
    assert net.held == [1, 1]


def test_learning_rates_and_momenta_are_those_of_the_groups(backend: Backend) -> None:
    net = nn.Linear(2, 2)
    groups = [{"names": ["weight"]}, {"names": ["bias"], "lr": 0.01}]
    wrapper = OptimWrapper(backend.optimizer("sgd", net, groups=groups, lr=0.1, momentum=0.9))
    assert wrapper.get_lr() == {"lr": [0.1, 0.01]}
    assert wrapper.get_momentum() == {"momentum": [0.9, 0.9]}
    wrapper.param_groups[1]["lr"] = 0.5
    assert wrapper.get_lr() == {"lr": [0.1, 0.5]}
    adam = OptimWrapper(backend.optimizer("adam", net, betas=(0.8, 0.99)))
    assert adam.get_momentum() == {"momentum": [0.8]}


def test_the_state_between_two_steps_holds_the_gradients(backend: Backend) -> None:
    def begun() -> tuple[Any, OptimWrapper]:
        net = nn.Linear(2, 1)
        initialise(net, 0)
        optimizer = backend.optimizer("sgd", net, lr=0.1, momentum=0.9)
        wrapper = OptimWrapper(optimizer, accumulative_counts=3)
        wrapper.initialize_count_status(net, 0, 8)
        return net, wrapper

    def step(net: Any, wrapper: OptimWrapper, value: int) -> None:
        image = backend.tensor(np.array([[value, 1 - value]], np.float32))
        with wrapper.optim_context(net):
            loss = (net(image) * net(image)).sum()
        wrapper.update_params(loss)

    net, unbroken = begun()
    for value in range(8):
        step(net, unbroken, value)
    first, wrapper = begun()
    for value in range(5):
        step(first, wrapper, value)
    kept = wrapper.state()
    assert {name: array.shape for name, array in kept["gradients"].items()} == {"weight": (1, 2), "bias": (1,)}
    second, resumed = begun()
    for name, slot in backend.slots(second).items():
        slot.write(backend.slots(first)[name].read())
    resumed.load_state_dict(kept)
    resumed.initialize_count_status(second, 5, 8)
    for value in range(5, 8):
        step(second, resumed, value)
    for name, slot in backend.slots(net).items():
        assert np.array_equal(slot.read(), backend.slots(second)[name].read())
    assert "gradients" not in resumed.state()


def test_a_state_goes_from_one_framework_to_the_other(both: tuple[Backend, Backend]) -> None:
    from polynet.backend import use_backend

    ends = []
    for start, end in (both, both[::-1]):
        with use_backend(start):
            net = nn.Linear(2, 1)
            initialise(net, 0)
            wrapper = OptimWrapper(start.optimizer("adam", net, lr=0.1), accumulative_counts=2)
            for _ in range(3):
                _square(start, wrapper, net)
        with use_backend(end):
            other = nn.Linear(2, 1)
            for name, slot in end.slots(other).items():
                slot.write(start.slots(net)[name].read())
            resumed = OptimWrapper(end.optimizer("adam", other, lr=0.5), accumulative_counts=2)
            resumed.load_state(wrapper.state())
            assert resumed.get_lr() == {"lr": [0.1]}
            for _ in range(3):
                _square(end, resumed, other)
        ends.append({name: slot.read() for name, slot in end.slots(other).items()})
    for name, array in ends[0].items():
        assert np.abs(array - ends[1][name]).max() < 1e-6


def _square(backend: Backend, wrapper: OptimWrapper, net: Any) -> None:
    with wrapper.optim_context(net):
        out = net(backend.tensor(np.array([[1.0, 2.0]], np.float32)))
        wrapper.update_params((out * out).sum())


def test_what_is_no_state_is_refused_and_changes_nothing(backend: Backend) -> None:
    net = one_number(backend)
    wrapper = made(backend, net)
    update(wrapper, net)
    before = wrapper.state()
    other = made(backend, nn.Linear(3, 3))
    strange = {**before, "gradients": {"weight": np.zeros((2, 2), np.float32)}}
    wrong = [
        ({}, ConfigError),
        ({"optimiser": {}}, ConfigError),
        (other.state(), WeightsError),
        (strange, WeightsError),
    ]
    for state, error in wrong:
        with pytest.raises(error):
            wrapper.load_state(state)
    assert wrapper.state() == before


def test_gradients_of_other_parameters_are_refused(backend: Backend) -> None:
    optimizer = backend.optimizer("sgd", nn.Linear(2, 1))
    with pytest.raises(WeightsError, match="Did you mean 'weight'"):
        optimizer.load_gradients({"weigth": np.zeros((1, 2), np.float32)})
    with pytest.raises(WeightsError, match=r"shape \[2, 1\]"):
        optimizer.load_gradients({"weight": np.zeros((2, 1), np.float32)})


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"accumulative_counts": 0}, "accumulative_counts=0 must be at least 1"),
    ({"accumulative_counts": 1.5}, "accumulative_counts must be an integer"),
    ({"accumulative_count": 2}, "Did you mean 'accumulative_counts'"),
    ({"clip_grad": {}}, "clip_grad is a mapping"),
    ({"clip_grad": 1.0}, "clip_grad is a mapping"),
    ({"clip_grad": {"type": "norm"}}, "needs max_norm"),
    ({"clip_grad": {"type": "value"}}, "needs clip_value"),
    ({"clip_grad": {"type": "nrom", "max_norm": 1}}, 'should be "norm" or "value" but got nrom.*Did you mean'),
    ({"clip_grad": {"max_norm": -1.0}}, "max_norm"),
    ({"clip_grad": {"max_norn": 1.0}}, "Did you mean 'max_norm'"),
    ({"clip_grad": {"type": "value", "lower": 1.0, "upper": 0.0}}, "must not be above"),
    ({"loss_scale": "dinamic"}, "Did you mean 'dynamic'"),
    ({"loss_scale": -1.0}, "above 0"),
    ({"loss_scale": {"init_scal": 1}}, "Did you mean 'init_scale'"),
    ({"loss_scale": {"backoff_factor": 1.0}}, "below 1"),
    ({"loss_scale": {"growth_interval": 0}}, "growth_interval"),
    ({"dtype": "float61"}, "Did you mean 'float16'"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_a_wrong_option_is_said(backend: Backend, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        made(backend, one_number(backend), **options)


def test_only_an_optimizer_of_a_backend_is_wrapped(backend: Backend) -> None:
    with pytest.raises(OptionError, match="optimizer must be an optimiser of a backend"):
        OptimWrapper(backend.optimizer("sgd", nn.Linear(1, 1)).native)


def test_options_of_a_step_are_refused(backend: Backend) -> None:
    net = one_number(backend)
    wrapper = made(backend, net)
    with wrapper.optim_context(net):
        loss = net.weight.sum()
    with pytest.raises(OptionError, match="closure"):
        wrapper.update_params(loss, step_kwargs={"closure": None})
