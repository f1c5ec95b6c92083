"""Loss scales: gradients unscaled once, steps left out, and half precision where there is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import nn
from polynet.backend import Backend, use_backend
from polynet.errors import ConfigError, OptionError, UnsupportedError
from polynet.nn import initialise
from polynet.train.amp_optim_wrapper import AmpOptimWrapper
from polynet.train.loss_scale import LossScale
from polynet.train.optim_wrapper import OptimWrapper
from tests.train.test_optim_wrapper import one_number, update, walked, weight


def scaled(backend: Backend, net: Any, loss_scale: Any, **options: Any) -> OptimWrapper:
    return OptimWrapper(backend.optimizer("sgd", net, lr=0.1), loss_scale=loss_scale, **options)


@pytest.mark.parametrize("loss_scale", ["dynamic", 128.0, 128, {"init_scale": 4.0, "growth_interval": 2}])
def test_a_scale_changes_nothing_but_what_half_precision_loses(backend: Backend, loss_scale: Any) -> None:
    net = one_number(backend)
    wrapper = scaled(backend, net, loss_scale, accumulative_counts=3)
    wrapper.initialize_count_status(net, 0, 7)
    assert walked(backend, wrapper, net, 7) == [1, 1, 0.9, 0.9, 0.9, 0.8, 0.7]


def test_accumulated_gradients_are_unscaled_once_before_they_are_clipped(backend: Backend) -> None:
    net = one_number(backend)
    wrapper = scaled(backend, net, 1024.0, accumulative_counts=2, clip_grad={"max_norm": 1.0})
    update(wrapper, net, 4.0)
    update(wrapper, net, 2.0)
    assert wrapper.last_grad_norm == pytest.approx(3.0)
    assert weight(backend, net) == pytest.approx(0.9, abs=1e-5)


def test_a_step_with_gradients_that_are_not_finite_is_left_out(backend: Backend) -> None:
    net = one_number(backend)
    wrapper = scaled(backend, net, {"init_scale": 8.0, "growth_interval": 2}, clip_grad={"max_norm": 5.0})
    scales = []
    for gradient in (1.0, float("nan"), 1.0, 1.0, float("inf"), 1.0):
        update(wrapper, net, gradient)
        assert wrapper.loss_scale is not None
        scales.append(wrapper.loss_scale.scale)
    assert scales == [8, 4, 4, 8, 4, 4]
    assert weight(backend, net) == pytest.approx(0.6)
    assert wrapper.loss_scale is not None
    assert wrapper.loss_scale.skipped == 2


def test_a_fixed_scale_stays_and_still_leaves_steps_out(backend: Backend) -> None:
    net = one_number(backend)
    wrapper = scaled(backend, net, 64)
    for gradient in (1.0, float("inf"), 1.0):
        update(wrapper, net, gradient)
    assert wrapper.loss_scale is not None
    assert wrapper.loss_scale.scale == 64
    assert weight(backend, net) == pytest.approx(0.8)


def test_a_scale_goes_on_from_its_state(backend: Backend) -> None:
    net = one_number(backend)
    options = {"init_scale": 8.0, "growth_interval": 3}
    first, then = scaled(backend, net, options), scaled(backend, net, options)
    for _ in range(4):
        update(first, net)
    then.load_state(first.state())
    assert then.loss_scale == first.loss_scale != LossScale.read(options)
    plain = scaled(backend, net, None)
    plain.load_state(first.state())
    assert plain.loss_scale is None
    with pytest.raises(ConfigError, match="scale, steps and skipped"):
        LossScale().load_state({"scale": 1.0})


def test_the_scale_of_a_disabled_scaler_is_none() -> None:
    assert LossScale.read({"enabled": False}) is None


def test_half_precision_trains_where_the_framework_has_it(backend: Backend) -> None:
    net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    initialise(net, 0)
    device = backend.device_of(net)
    halves = [half for half in ("float16", "bfloat16") if backend.why_no_autocast(device, half) is None]
    if not halves:
        with pytest.raises(UnsupportedError, match="cannot compute in float16"):
            AmpOptimWrapper(backend.optimizer("sgd", net, lr=0.1))
        return
    images = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    for half in (None, *halves):
        initialise(net, 0)
        wrapper = AmpOptimWrapper(backend.optimizer("sgd", net, lr=0.1), dtype=half, clip_grad={"max_norm": 5.0})
        assert wrapper.dtype in halves
        losses = []
        for _ in range(20):
            with wrapper.optim_context(net):
                out = net(backend.tensor(images))
                assert backend.ops.dtype_name(out) == wrapper.dtype
                loss = (backend.ops.to(out, dtype="float32") ** 2).mean()
            wrapper.update_params(loss)
            losses.append(float(backend.numpy(loss)))
        assert losses[-1] < 0.5 * losses[0]
        assert backend.slots(net)["0.weight"].dtype == "float32"


def test_a_type_that_the_framework_lacks_on_the_device_is_said_at_once(backend: Backend) -> None:
    net = one_number(backend)
    reasons = {half: backend.why_no_autocast("cpu", half) for half in ("float16", "bfloat16")}
    for half, reason in reasons.items():
        if reason is not None:
            with pytest.raises(UnsupportedError, match=f"{backend.name} cannot compute in {half} on cpu"):
                scaled(backend, net, None, dtype=half)
        else:
            assert scaled(backend, net, None, dtype=half).dtype == half
    assert scaled(backend, net, None, dtype="float32").dtype is None


def test_megengine_has_no_bfloat16(both: tuple[Backend, Backend]) -> None:
    with use_backend(both[1]), pytest.raises(UnsupportedError, match="bfloat16"):
        scaled(both[1], one_number(both[1]), None, dtype="bfloat16")


def test_an_amp_wrapper_has_a_scale(backend: Backend) -> None:
    with pytest.raises(OptionError, match="'dynamic', a number or a mapping"):
        AmpOptimWrapper(backend.optimizer("sgd", one_number(backend)), loss_scale=None)


def test_the_scale_of_an_amp_wrapper_grows_and_shrinks_like_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.amp.GradScaler("cpu", init_scale=32.0, growth_interval=3)
    mine = LossScale.read({"init_scale": 32.0, "growth_interval": 3})
    parameter = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    for finite in (True, True, True, True, False, True, False, False, True, True, True, True, True, True):
        optimizer.zero_grad()
        theirs.scale(parameter.sum() * (1.0 if finite else float("inf"))).backward()
        theirs.step(optimizer)
        theirs.update()
        assert mine is not None
        mine.update(finite)
        assert mine.scale == theirs.get_scale()
