"""The loop: what is called when, where it stops, and where it would go on."""

from __future__ import annotations

import gc
import logging
import os
import random
import signal
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import CheckpointError, ConfigError, InputError, ModeError, OptionError
from polynet.metrics.evaluator import Evaluator
from polynet.metrics.process_metric import BaseMetric
from polynet.models.mmengine_model import BaseModel
from polynet.train.engine import Engine
from polynet.train.hook import POINTS, Hook
from polynet.train.hooks.logger_hook import LoggerHook
from polynet.train.limits import Limits
from polynet.train.registry import HOOKS
from tests.train.hand_checked_runs import Measured, Regression, engine_of, pair, weight
from tests.train.repeated_runs import small_engine

BATCHES = [pair(1, 1), pair(1, 2), pair(1, 3)]


class Recorder(Hook):
    """Notes every point it is called at, with where the run is."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, int]] = []

    @property
    def points(self) -> tuple[str, ...]:
        return POINTS

    def __getattribute__(self, name: str) -> Any:
        if name not in POINTS:
            return super().__getattribute__(name)
        calls = super().__getattribute__("calls")
        return lambda runner, **options: calls.append((name, runner.epoch, runner.iter))


class Stopping(Hook):
    """Does something after a number of iterations."""

    def __init__(self, after: int, what: Any) -> None:
        self.after, self.what = after, what

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        if runner.iter + 1 == self.after:
            self.what(runner)


def recorded(backend: Backend, **options: Any) -> tuple[Engine, list[tuple[str, int, int]]]:
    hook = Recorder()
    engine = engine_of(backend, Regression(), BATCHES, [hook], **options)
    engine.train()
    return engine, hook.calls


def test_hooks_are_called_at_mmengines_points_in_its_order(backend: Backend) -> None:
    validation = {"val_dataloader": [pair(1, 1)], "val_evaluator": Measured([{"a": 1}])}
    _, calls = recorded(backend, epochs=1, **validation)
    iterations = [(when, 0, number) for number in range(3) for when in ("before_train_iter", "after_train_iter")]
    assert calls == [
        ("before_run", 0, 0),
        ("before_train", 0, 0),
        ("before_train_epoch", 0, 0),
        *iterations,
        ("after_train_epoch", 0, 3),
        ("before_val", 1, 3),
        ("before_val_epoch", 1, 3),
        ("before_val_iter", 1, 3),
        ("after_val_iter", 1, 3),
        ("after_val_epoch", 1, 3),
        ("after_val", 1, 3),
        ("after_train", 1, 3),
        ("after_run", 1, 3),
    ]


def test_hooks_of_a_point_come_by_priority_and_then_in_the_order_given(backend: Backend) -> None:
    order: list[str] = []

    def hook(name: str, rank: int | str) -> Hook:
        made = type(name, (Hook,), {"priority": rank, "before_train": lambda self, runner: order.append(name)})()
        assert isinstance(made, Hook)
        return made

    hooks = [hook("late", "LOW"), hook("first", 5), hook("then", "NORMAL"), hook("after", "NORMAL")]
    engine_of(backend, Regression(), BATCHES, hooks).train()
    assert order == ["first", "then", "after", "late"]


def test_steps_are_those_of_a_loop_by_hand(backend: Backend) -> None:
    engine = engine_of(backend, Regression(), BATCHES, [], epochs=2)
    engine.train()
    expected = 0.0
    for y in (1, 2, 3, 1, 2, 3):
        expected -= 0.1 * (expected - y)
    assert weight(engine) == pytest.approx(expected, rel=1e-6)
    assert (engine.epoch, engine.iter) == (2, 6)


def test_a_run_counted_in_iterations_stops_within_an_epoch(backend: Backend) -> None:
    engine, calls = recorded(backend, limits={"max_iters": 5})
    assert (engine.epoch, engine.iter, engine.iter_in_epoch) == (1, 5, 2)
    assert [point for point, _, _ in calls].count("after_train_epoch") == 1


def test_validation_comes_at_its_interval_from_its_beginning(backend: Backend) -> None:
    measured = {"val_dataloader": [pair(1, 1)], "val_evaluator": Measured({"a": n} for n in range(9))}
    _, calls = recorded(backend, limits={"max_epochs": 6, "val_interval": 2, "val_begin": 3}, **measured)
    assert [epoch for point, epoch, _ in calls if point == "after_val_epoch"] == [4, 6]
    measured["val_evaluator"] = Measured({"a": n} for n in range(9))
    _, calls = recorded(backend, limits={"max_iters": 7, "val_interval": 3}, **measured)
    assert [iteration for point, _, iteration in calls if point == "after_val_epoch"] == [3, 6]


def test_evaluation_leaves_the_mode_as_it_was_and_takes_no_gradients(backend: Backend) -> None:
    modes: list[tuple[bool, bool]] = []

    class Watching(Regression):
        def val_step(self, data: Any) -> Any:
            found = super().val_step(data)
            modes.append((self.training, bool(getattr(found[0], "requires_grad", False))))
            return found

    net = Watching()
    engine = engine_of(backend, net, BATCHES, [], val_dataloader=BATCHES, val_evaluator=Measured([{"a": 1}, {"a": 2}]))
    backend.set_training(net, True)
    assert engine.val() == {"a": 1}
    assert net.training
    backend.set_training(net, False)
    assert engine.val() == {"a": 2}
    assert not net.training
    assert set(modes) == {(False, False)}


def test_each_epoch_trains_in_training_mode_whatever_mode_the_model_was_in(backend: Backend) -> None:
    modes: list[bool] = []

    class Watching(Regression):
        def train_step(self, data: Any, optim_wrapper: Any) -> Any:
            modes.append(self.training)
            return super().train_step(data, optim_wrapper)

    def leave(self: Hook, runner: Any) -> None:
        backend.set_training(runner.model, False)

    net = Watching()
    backend.set_training(net, False)
    engine_of(backend, net, BATCHES, [type("Leaves", (Hook,), {"after_train_epoch": leave})()], epochs=2).train()
    assert modes == [True] * 6


def test_a_stop_ends_after_the_iteration_and_keeps_the_place(backend: Backend) -> None:
    stop = Stopping(2, lambda runner: runner.request_stop("enough"))
    engine = engine_of(backend, Regression(), BATCHES, [stop], epochs=3)
    engine.train()
    assert engine.stopping == "enough"
    assert engine.position.after() == {"epoch": 0, "iter": 2, "iter_in_epoch": 2, "validation_due": False}
    engine.train()  # goes on from there
    assert (engine.epoch, engine.iter) == (3, 9)


def test_a_stop_at_the_end_of_an_epoch_does_not_lose_its_validation(backend: Backend) -> None:
    stop = Stopping(3, lambda runner: runner.request_stop("enough"))
    evaluator = Measured({"a": n} for n in range(9))
    engine = engine_of(backend, Regression(), BATCHES, [stop], val_dataloader=BATCHES, val_evaluator=evaluator)
    engine.train()
    recorder = Recorder()
    engine.register_hook(recorder)
    engine.train()
    points = [point for point, _, _ in recorder.calls]
    assert points.count("after_train_epoch") == 1
    assert points.count("after_val_epoch") == 1
    assert points.count("after_train_iter") == 0


@pytest.mark.parametrize(("number", "ends"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_a_signal_lets_the_iteration_end_and_hooks_run_before_the_program_ends(
    backend: Backend, number: signal.Signals, ends: type[BaseException]
) -> None:
    before = signal.getsignal(number)
    recorder, interrupt = Recorder(), Stopping(2, lambda runner: os.kill(os.getpid(), number))
    engine = engine_of(backend, Regression(), BATCHES, [interrupt, recorder], epochs=3)
    with pytest.raises(ends):
        engine.train()
    assert engine.iter == 2
    assert [point for point, _, _ in recorder.calls][-2:] == ["after_train", "after_run"]
    assert signal.getsignal(number) == before


def test_an_error_in_a_step_reaches_the_caller_after_the_hooks_have_cleaned_up(backend: Backend) -> None:
    recorder = Recorder()
    failing = Stopping(2, lambda runner: (_ for _ in ()).throw(ZeroDivisionError("a user's own")))
    engine = engine_of(backend, Regression(), BATCHES, [failing, recorder])
    with pytest.raises(ZeroDivisionError):
        engine.train()
    assert [point for point, _, _ in recorder.calls][-1] == "after_run"


class Noise(BaseModel):
    """Its loss depends on the framework's own random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 1, bias=False)
        self.drop = nn.Dropout(0.5)
        self.seen: list[float] = []

    def forward(self, x: Any, y: Any, mode: str = "tensor") -> Any:
        found = ops.mean(self.drop(ops.ones((64,), like=x)))
        self.seen.append(float(ops.to_numpy(found)))
        return {"loss": ops.mean(self.fc(x)) * found}


def test_what_is_drawn_in_an_iteration_depends_on_the_seed_and_its_number_alone(backend: Backend) -> None:
    def seen(**options: Any) -> list[float]:
        net = Noise()
        engine = engine_of(backend, net, BATCHES, [], epochs=2, **options)
        engine.train()
        return net.seen

    first = seen(seed=3)
    backend.seed(99)
    ops.rand((5,))
    assert seen(seed=3) == first
    assert seen(seed=4) != first
    assert len(set(first)) > 3


def test_a_model_with_rules_of_initialisation_is_initialised_before_it_is_trained(backend: Backend) -> None:
    class Ruled(Regression):
        def __init__(self) -> None:
            super().__init__()
            self.init_cfg = {"type": "Constant", "val": 2.0, "layer": "Linear"}

    seen: list[float] = []
    look = type("Look", (Hook,), {"before_train": lambda self, runner: seen.append(weight(runner))})()
    engine_of(backend, Ruled(), BATCHES, [look]).train()
    assert seen == [2.0]


@pytest.mark.checklist("S2-47")
def test_training_calls_init_weights_once(backend: Backend) -> None:
    calls: list[int] = []

    class Counting(Regression):
        def init_weights(self) -> None:
            super().init_weights()
            calls.append(1)

    engine = engine_of(backend, Counting(), BATCHES, [])
    engine.train()
    engine.train()
    assert calls == [1]


def test_an_empty_loader_is_an_error(backend: Backend) -> None:
    with pytest.raises(InputError, match="gave no batch"):
        engine_of(backend, Regression(), [], []).train()


def test_what_is_missing_is_named(backend: Backend) -> None:
    engine = Engine(Regression())
    with pytest.raises(ModeError, match="train_dataloader and optim_wrapper and limits not given"):
        engine.train()
    with pytest.raises(ModeError, match="val_dataloader not given"):
        engine.val()


def test_a_network_without_steps_is_refused_with_what_gives_it_some(backend: Backend) -> None:
    with pytest.raises(OptionError, match=r"Linear has no train_step.*ClassificationTask"):
        Engine(nn.Linear(1, 1))


def test_something_that_is_no_hook_is_refused(backend: Backend) -> None:
    with pytest.raises(OptionError, match=r"derives from polynet\.train\.Hook"):
        Engine(Regression(), hooks=[object()])  # type: ignore[list-item]
    with pytest.raises(OptionError, match="Did you mean 'VERY_LOW'"):
        Engine(Regression()).register_hook(Recorder(), "VERY_LO")


def test_a_frameworks_own_loader_shuffles_alike_when_a_run_is_repeated_or_resumed(reference: Backend) -> None:
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.arange(8.0)[:, None], torch.zeros(8, 1))

    def orders(start: int = 0) -> list[float]:
        loader = torch.utils.data.DataLoader(data, batch_size=2, shuffle=True)
        seen: list[float] = []

        class Seen(Hook):
            def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
                seen.extend(data_batch[0].flatten().tolist())

        engine = engine_of(reference, Regression(), loader, [Seen()], epochs=2)
        engine.position.go_to({"epoch": start // 4, "iter": start, "iter_in_epoch": start % 4})
        engine.train()
        return seen

    with use_backend("torch"):
        whole = orders()
        assert whole[:8] != whole[8:]
        assert orders() == whole
        assert orders(start=3) == whole[6:]
        assert orders(start=5) == whole[10:]


def test_the_engine_takes_no_memory_for_steps_that_are_done(backend: Backend) -> None:
    hooks = [HOOKS.build(name) for name in ("RuntimeInfoHook", "IterTimerHook", "ParamSchedulerHook")]
    engine = engine_of(backend, Regression(), BATCHES * 100, hooks, limits={"max_iters": 300})
    engine.train()
    taken: list[int] = []
    tracemalloc.start()
    try:
        for limit in (700, 1100, 3100):  # what is kept once, such as Python's caches of classes, comes first
            engine.limits = Limits(max_iters=limit)
            engine.train()
            backend.synchronise()  # what waits to be computed is held until then
            gc.collect()
            taken.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert (taken[2] - taken[1]) / 2000 < 20, "bytes a step"


def test_positions_that_are_none_are_refused(backend: Backend) -> None:
    engine = Engine(Regression())
    with pytest.raises(ConfigError, match="has epoch, iter and iter_in_epoch"):
        engine.position.go_to({"epoch": 1})
    assert (engine.epoch, engine.iter) == (0, 0)


def test_a_validation_that_is_stopped_leaves_nothing_in_the_metrics(backend: Backend) -> None:
    class Batches(BaseMetric):
        def process(self, data_batch: Any, data_samples: Any) -> None:
            self.results.append(1)

        def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
            return {"batches": len(results)}

    stops = [True]

    class InTheMiddle(Hook):
        def after_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
            if batch_idx == 1 and stops:
                stops.clear()
                runner.request_stop("enough")

    figures: list[Any] = []
    keep = type("Keep", (Hook,), {"after_val_epoch": lambda self, runner, metrics=None: figures.append(metrics)})()
    engine = engine_of(
        backend,
        Regression(),
        BATCHES,
        [InTheMiddle(), keep],
        val_dataloader=BATCHES,
        val_evaluator=Evaluator(Batches()),
    )
    engine.train()
    assert (figures, engine.position.validation_due) == ([], True)
    engine.train()
    assert figures == [{"batches": 3}]


def test_hooks_clean_up_after_a_run_that_could_not_be_resumed(backend: Backend, tmp_path: Path) -> None:
    recorder = Recorder()
    engine = engine_of(backend, Regression(), BATCHES, [recorder, LoggerHook()], work_dir=tmp_path)
    engine.resume_from = tmp_path / "missing.safetensors"
    with pytest.raises(CheckpointError, match="missing"):
        engine.train()
    assert [point for point, _, _ in recorder.calls] == ["before_run", "after_run"]
    assert not [handler for handler in engine.logger.handlers if isinstance(handler, logging.FileHandler)]


def test_what_hooks_draw_before_training_is_the_same_in_each_run_of_a_seed(backend: Backend) -> None:
    class Draws(Hook):
        def before_train(self, runner: Any) -> None:
            self.drawn = random.random(), np.random.rand(), ops.to_numpy(ops.rand((2,))).tolist()

    def drawn(seed: int) -> Any:
        hook = Draws()
        small_engine(backend, None, hook, epochs=1, seed=seed).train()
        return hook.drawn

    first = drawn(3)
    assert drawn(3) == first
    assert all(one != other for one, other in zip(drawn(4), first, strict=True))
