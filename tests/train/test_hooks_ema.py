"""The moving average in a run: when it moves, what is validated, what survives a stop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.errors import InputError, OptionError, UnknownNameError
from polynet.train.hook import Hook
from polynet.train.hooks.ema_hook import BaseClsEMAHook, EMAHook
from tests.train.hand_checked_runs import Regression, engine_of, pair, weight

BATCHES = [pair(1.0, float(number)) for number in (1, -2, 3, 0, 5, -1)]


def weights_of(count: int, rate: float = 0.1) -> list[float]:
    """The weight after each step on these batches."""
    found, value = [], 0.0
    for number in range(count):
        value -= rate * (value - float(BATCHES[number % len(BATCHES)][1][0, 0]))
        found.append(value)
    return found


def average_of(hook: EMAHook) -> float:
    return float(hook.ema_model.state()["fc.weight"][0, 0])


class Predicted:
    """An evaluator whose figure is the prediction for 1: the weight that was evaluated."""

    def process(self, data_samples: Any, data_batch: Any = None) -> None:
        self.found = data_samples[0]

    def evaluate(self, size: int) -> dict[str, float]:
        return {"weight": float(np.asarray(self.found.tolist()).ravel()[0])}


class Figures(Hook):
    """Keeps what validations gave."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []

    def after_val_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        self.found.append(dict(metrics or {}))


def validated(backend: Backend, hooks: list[Hook], epochs: int = 1, **options: Any) -> Any:
    given = {"val_dataloader": [pair(1.0, 0.0)], "val_evaluator": Predicted()}
    return engine_of(backend, Regression(), BATCHES, hooks, epochs, **given, **options)


def test_the_average_moves_after_each_iteration(backend: Backend) -> None:
    hook = EMAHook(momentum=0.25)
    engine_of(backend, Regression(), BATCHES, [hook], 2).train()
    weights = weights_of(12)
    expected = weights[0]
    for value in weights[1:]:
        expected += 0.25 * (value - expected)
    assert average_of(hook) == pytest.approx(expected, rel=1e-6)
    assert int(backend.numpy(hook.ema_model.steps)) == 12


@pytest.mark.parametrize(("options", "begin"), [({"begin_iter": 4}, 3), ({"begin_epoch": 2}, 6)])
def test_averaging_begins_with_the_iteration_or_epoch_asked_for(
    backend: Backend, options: dict[str, int], begin: int
) -> None:
    hook = EMAHook("StochasticWeightAverage", **options)
    engine_of(backend, Regression(), BATCHES, [hook], 2).train()
    assert average_of(hook) == pytest.approx(np.mean(weights_of(12)[begin:]), rel=1e-6)


def test_validation_sees_the_average_and_training_goes_on_with_the_weights(backend: Backend) -> None:
    hook, figures = EMAHook(momentum=0.5), Figures()
    engine = validated(backend, [hook, figures], 2)
    engine.train()
    weights = weights_of(12)
    average = weights[0]
    for value in weights[1:6]:
        average += 0.5 * (value - average)
    assert figures.found[0]["weight"] == pytest.approx(average, rel=1e-5)
    assert weight(engine) == pytest.approx(weights[-1], rel=1e-5)
    assert engine.val()["weight"] == pytest.approx(average_of(hook), rel=1e-6)
    assert weight(engine) == pytest.approx(weights[-1], rel=1e-5)


def test_until_it_begins_validation_sees_the_model(backend: Backend) -> None:
    figures = Figures()
    engine = validated(backend, [EMAHook(begin_epoch=2, momentum=0.5), figures], 2)
    engine.train()
    assert figures.found[0]["weight"] == pytest.approx(weights_of(6)[-1], rel=1e-5)


def test_both_are_evaluated_if_asked_for(backend: Backend) -> None:
    hook, figures = EMAHook(momentum=0.5, evaluate="both"), Figures()
    validated(backend, [hook, figures]).train()
    (found,) = figures.found
    assert found["weight"] == pytest.approx(weights_of(6)[-1], rel=1e-5)
    assert found["ema_weight"] == pytest.approx(average_of(hook), rel=1e-6)


def test_a_validation_that_fails_leaves_the_weights_in_the_model(backend: Backend) -> None:
    class Failing(Predicted):
        def process(self, data_samples: Any, data_batch: Any = None) -> None:
            message = "no"
            raise OSError(message)

    engine = validated(backend, [EMAHook(momentum=0.5)])
    engine.val_evaluator = Failing()
    with pytest.raises(OSError, match="no"):
        engine.train()
    assert weight(engine) == pytest.approx(weights_of(6)[-1], rel=1e-5)


def test_a_validation_that_is_broken_off_leaves_the_weights_in_the_model(backend: Backend) -> None:
    class Stop(Hook):
        def after_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
            runner.request_stop("enough")

    engine = validated(backend, [EMAHook(momentum=0.5), Stop()])
    engine.train()
    assert weight(engine) == pytest.approx(weights_of(6)[-1], rel=1e-5)


@pytest.mark.parametrize("cls", [EMAHook, BaseClsEMAHook])
@pytest.mark.parametrize("stop", [2, 6, 9])
def test_a_stop_changes_no_average(backend: Backend, cls: type[EMAHook], stop: int) -> None:
    options: dict[str, Any] = {"momentum": 0.25}
    if cls is BaseClsEMAHook:
        options |= {"warmup_epochs": 1, "update_period": 2}
    whole, first, second = (cls(**options) for _ in range(3))
    engine_of(backend, Regression(), BATCHES, [whole], 2).train()
    engine_of(backend, Regression(), BATCHES, [first], limits={"max_iters": stop}).train()
    state = first.state()
    assert set(state["ema"]) == {"fc.weight"}
    engine = engine_of(backend, Regression(), BATCHES, [second], 2)
    engine.position.go_to({"epoch": stop // 6, "iter": stop, "iter_in_epoch": stop % 6})
    backend.slots(engine.model)["fc.weight"].write(np.full((1, 1), weights_of(stop)[-1], np.float32))
    second.load_state(state)
    engine.train()
    assert average_of(second) == pytest.approx(average_of(whole), rel=1e-6)


def test_asking_for_the_state_changes_no_average(backend: Backend) -> None:
    class Ask(Hook):
        def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
            for hook in runner.hooks:
                hook.state()

    found = []
    for hooks in ([], [Ask()]):
        for hook in (EMAHook(momentum=0.5, begin_iter=3), BaseClsEMAHook(0.5, update_period=4, warmup_epochs=1)):
            engine_of(backend, Regression(), BATCHES, [hook, *hooks], 2).train()
            found.append(average_of(hook))
    assert found[:2] == found[2:]


@pytest.mark.parametrize(
    ("options", "momentum", "warm_up"),
    [
        ({"momentum": 0.9}, 0.9, 0),
        ({"momentum": 0.9, "warmup_epochs": 1}, 0.9, 1),
        ({"momentum": 0.9, "warmup_epochs": 2, "start_epoch": 1, "update_period": 4}, 0.9, 1),
        ({"alpha": 0.2, "batch_size": 2, "update_period": 3}, 1 - 0.2 * 2 / 3 * 3, 0),
    ],
)
def test_basecls_average_is_what_basecls_computes(
    backend: Backend, options: dict[str, Any], momentum: float, warm_up: int
) -> None:
    hook = BaseClsEMAHook(**options)
    engine_of(backend, Regression(), BATCHES, [hook], 3).train()
    expected, period = 0.0, options.get("update_period", 1)
    for number, value in enumerate(weights_of(18)):
        if (number % 6 + 1) % period == 0:
            share = momentum if number // 6 + 1 > warm_up else 0.0
            expected = share * expected + (1 - share) * value
    assert average_of(hook) == pytest.approx(expected, rel=1e-5)


def test_basecls_average_moves_only_after_steps(backend: Backend) -> None:
    hook = BaseClsEMAHook(momentum=0.9, update_period=1)
    engine_of(backend, Regression(), BATCHES, [hook], wrapper={"accumulative_counts": 3}).train()
    assert int(backend.numpy(hook.ema_model.steps)) == 2 + 1  # one more: it begins from a copy


def test_a_state_of_another_model_is_refused(backend: Backend) -> None:
    hook = EMAHook(momentum=0.5)
    engine_of(backend, Regression(), BATCHES, [hook]).train()
    before = average_of(hook)
    with pytest.raises(InputError):
        hook.load_state({"ema": {"other": np.zeros(1)}, "steps": 3})
    assert average_of(hook) == before


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"begin_iter": 1, "begin_epoch": 1}, OptionError, "should not be both set"),
        ({"begin_iter": -1}, OptionError, "at least 0"),
        ({"ema_type": "ExponentialMovingAvrage"}, UnknownNameError, "Did you mean 'ExponentialMovingAverage'"),
        ({"momentun": 0.1}, OptionError, "Did you mean 'momentum'"),
        ({"evaluate": "none"}, OptionError, "'average' or 'both'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        EMAHook(**options)


def test_a_beginning_after_the_end_is_refused(backend: Backend) -> None:
    with pytest.raises(OptionError, match="begin_epoch is 3, and the run ends with 2"):
        engine_of(backend, Regression(), BATCHES, [EMAHook(begin_epoch=3)], 2).train()
    with pytest.raises(OptionError, match="alpha needs"):
        engine_of(backend, Regression(), BATCHES, [BaseClsEMAHook(alpha=1e-5)], 2).train()
