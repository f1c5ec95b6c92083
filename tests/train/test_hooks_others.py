"""Hooks that measure statistics, stop early, share buffers and count epochs."""

from __future__ import annotations

import importlib.util
import logging
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.data import DataLoader
from polynet.data.datasets import ImageFolder
from polynet.data.transforms import ToArray
from polynet.errors import InputError, OptionError
from polynet.models.mmengine_model import BaseModel
from polynet.train.distributed import Place, Processes
from polynet.train.hook import Hook
from polynet.train.hooks.early_stopping_hook import EarlyStoppingHook
from polynet.train.hooks.ema_hook import EMAHook
from polynet.train.hooks.iter_timer_hook import IterTimerHook
from polynet.train.hooks.precise_bn_hook import PreciseBNHook
from polynet.train.hooks.runtime_info_hook import RuntimeInfoHook
from polynet.train.hooks.sampler_seed_hook import DistSamplerSeedHook
from polynet.train.hooks.sync_buffers_hook import SyncBuffersHook
from polynet.train.registry import HOOKS
from tests.compare import assert_close
from tests.train.hand_checked_runs import Measured, Regression, Script, engine_of


class Normalised(BaseModel):
    """A weight before a batch normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 1, bias=False)
        self.norm = nn.BatchNorm1d(1)

    def forward(self, x: Any, mode: str = "tensor") -> Any:
        found = self.norm(self.fc(x))
        return {"loss": ops.mean(ops.relu(found))} if mode == "loss" else found


BATCHES = [(np.array([[number], [number + 2.0], [3.0 * number]], np.float32),) for number in range(4)]
MEAN = float(np.mean([batch[0].mean() for batch in BATCHES]))
VARIANCE = float(np.mean([batch[0].var(ddof=1) for batch in BATCHES]))


class Statistics(Hook):
    """Keeps the statistics and the weight that each epoch ends with."""

    priority = "LOW"

    def __init__(self) -> None:
        self.found: list[tuple[float, float, float]] = []

    def after_train_epoch(self, runner: Any) -> None:
        slots = runner.backend.slots(runner.model)
        names = ("fc.weight", "norm.running_mean", "norm.running_var")
        self.found.append(tuple(float(slots[name].read().ravel()[0]) for name in names))  # type: ignore[arg-type]


def trained(backend: Backend, hooks: list[Hook], epochs: int = 2, **options: Any) -> Any:
    model = Normalised()
    engine = engine_of(backend, model, BATCHES, hooks, epochs, **options)
    backend.slots(model)["fc.weight"].write(np.full((1, 1), 0.5, np.float32))
    engine.train()
    return engine


@pytest.mark.parametrize(("every", "epochs"), [(1, {1, 2, 3}), (2, {2}), (-1, {3}), (math.inf, set())])
def test_statistics_are_measured_in_the_epochs_asked_for(backend: Backend, every: float, epochs: set[int]) -> None:
    seen = Statistics()
    trained(backend, [PreciseBNHook(every), seen], 3)
    measured = {
        epoch
        for epoch, (weight, mean, variance) in enumerate(seen.found, 1)
        if (mean, variance) == pytest.approx((weight * MEAN, weight**2 * VARIANCE), rel=1e-5)
    }
    assert measured == epochs


def test_as_many_batches_are_measured_as_have_the_samples(backend: Backend) -> None:
    seen = Statistics()
    trained(backend, [PreciseBNHook(1, num_samples_precise=7), seen], 1)
    ((weight, mean, _),) = seen.found
    assert mean == pytest.approx(weight * np.mean([batch[0].mean() for batch in BATCHES[:2]]), rel=1e-5)


def test_no_samples_means_never(backend: Backend) -> None:
    never, plain = Statistics(), Statistics()
    trained(backend, [PreciseBNHook(1, num_samples_precise=0), never], 1)
    trained(backend, [plain], 1)
    assert never.found == plain.found


def test_the_average_gets_statistics_of_its_own(backend: Backend) -> None:
    average = EMAHook(momentum=0.25, update_buffers=True)
    engine = trained(backend, [average, PreciseBNHook()], 1)
    for module in (engine.model, average.ema_model.module):
        found = {name: float(slot.read().ravel()[0]) for name, slot in backend.slots(module).items()}
        assert found["norm.running_mean"] == pytest.approx(found["fc.weight"] * MEAN, rel=1e-5)
        assert found["norm.running_var"] == pytest.approx(found["fc.weight"] ** 2 * VARIANCE, rel=1e-5)


def test_measuring_does_not_disturb_training(backend: Backend) -> None:
    measured, plain = Statistics(), Statistics()
    trained(backend, [PreciseBNHook(), measured], 3)
    trained(backend, [plain], 3)
    assert [weight for weight, *_ in measured.found] == [weight for weight, *_ in plain.found]


def test_a_run_counted_in_iterations_is_measured_at_its_end(backend: Backend) -> None:
    engine = trained(backend, [PreciseBNHook(-1)], limits={"max_iters": 6})
    found = {name: float(slot.read().ravel()[0]) for name, slot in backend.slots(engine.model).items()}
    assert found["norm.running_mean"] == pytest.approx(found["fc.weight"] * MEAN, rel=1e-5)


@pytest.mark.parametrize(
    "options", [{"precise_every_n_epoch": 0}, {"precise_every_n_epoch": 1.5}, {"num_samples_precise": -1}]
)
def test_wrong_options_of_precise_statistics_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        PreciseBNHook(**options)


def stopped(backend: Backend, figures: list[float], name: str = "accuracy", **options: Any) -> tuple[int, str | None]:
    """The epochs done, and why the run was stopped."""
    evaluator = Measured([{name: figure} for figure in figures])
    hooks = [EarlyStoppingHook("accuracy", **options)]
    engine = engine_of(
        backend, Script(), [{"loss": 1.0}], hooks, len(figures), val_dataloader=[1], val_evaluator=evaluator
    )
    engine.train()
    return engine.epoch, engine.stopping


def test_training_stops_when_validations_no_longer_get_better(backend: Backend) -> None:
    figures = [0.1, 0.5, 0.55, 0.4, 0.7, 0.9, 0.9]
    epochs, reason = stopped(backend, figures, min_delta=0.1, patience=2)
    assert epochs == 4
    assert reason == "accuracy has not got better in 2 validations; the best was 0.5"
    assert stopped(backend, figures, min_delta=0.1, patience=3) == (7, None)
    assert stopped(backend, figures, min_delta=0.0, patience=2)[0] == 7


def test_less_may_be_better(backend: Backend) -> None:
    assert stopped(backend, [3.0, 2.0, 1.95, 1.95, 1.0], rule="less", min_delta=0.1, patience=2)[0] == 4


def test_training_stops_at_a_threshold_and_where_a_figure_is_not_finite(backend: Backend) -> None:
    assert stopped(backend, [0.1, 0.95, 0.99], stopping_threshold=0.9)[0] == 2
    assert stopped(backend, [0.1, math.nan, 0.99])[0] == 2
    assert stopped(backend, [0.1, math.nan, 0.99], check_finite=False)[0] == 3


def test_a_figure_that_is_not_there_is_warned_of_or_refused(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    assert stopped(backend, [0.1, 0.1], name="acuracy") == (2, None)
    assert "Did you mean 'acuracy'?" in caplog.text
    with pytest.raises(InputError, match="watches 'accuracy'; the validation has acuracy"):
        stopped(backend, [0.1, 0.1], name="acuracy", strict=True)


def test_the_wait_survives_a_stop() -> None:
    first, second = EarlyStoppingHook("accuracy", patience=9), EarlyStoppingHook("accuracy", patience=9)
    assert first.state() == {}
    for score in (0.5, 0.5, 0.4):
        first._reason_to_stop(score)
    second.load_state(first.state())
    assert (second.best_score, second.wait_count) == (0.5, 2)


@pytest.mark.parametrize("options", [{"monitor": "speed"}, {"rule": "more"}, {"patience": 0}, {"min_delta": -1}])
def test_wrong_options_of_early_stopping_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        EarlyStoppingHook(**{"monitor": "accuracy", **options})


def test_the_latest_figures_are_in_the_message(backend: Backend) -> None:
    seen: list[dict[str, Any]] = []

    class Look(Hook):
        def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
            seen.append({key: float(value) for key, value in runner.message.items()})

    evaluator = Measured([{"accuracy": 0.5}])
    hooks = [RuntimeInfoHook(), Look()]
    batches = [{"loss": 1.0}, {"loss": 2.0}]
    engine = engine_of(backend, Script(), batches, hooks, val_dataloader=[1], val_evaluator=evaluator)
    engine.train()
    assert seen == [{"lr": 0.1, "loss": loss, "max_epochs": 1, "max_iters": 2} for loss in (1.0, 2.0)]
    assert engine.message["val/accuracy"] == 0.5


def test_times_are_those_of_the_clock(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, float, float]] = []

    class Clock(Hook):
        """Lets a second pass for the data and two for the step."""

        priority = "HIGHEST"
        now = 0.0

        def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
            self.now += 1

        def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
            self.now += 2

    class Look(Hook):
        priority = "LOW"

        def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
            seen.append(tuple(runner.message[name] for name in ("time", "data_time", "eta")))  # type: ignore[arg-type]

    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    engine_of(backend, Script(), [{"loss": 1.0}] * 3, [clock, IterTimerHook(), Look()]).train()
    assert seen == [(3.0, 1.0, 6.0), (3.0, 1.0, 3.0), (3.0, 1.0, 0.0)]


def test_samplers_are_told_the_epoch(backend: Backend) -> None:
    class Sampler:
        def __init__(self) -> None:
            self.epochs: list[int] = []

        def set_epoch(self, epoch: int) -> None:
            self.epochs.append(epoch)

    class Inner:
        sampler = Sampler()

    class Loader(list[Any]):
        batch_sampler = Inner()

    loader = Loader([{"loss": 1.0}])
    engine_of(backend, Script(), loader, [DistSamplerSeedHook()], 3).train()
    assert Inner.sampler.epochs == [0, 1, 2]


def test_buffers_become_their_means_over_processes(backend: Backend) -> None:
    class Others(Processes):
        """Another process, all of whose buffers are 1."""

        def all_reduce(self, value: Any, how: str = "sum") -> Any:
            assert (how, value.shape) == ("mean", (2,))
            return (value + 1.0) / 2

    model = Normalised()
    engine: Any = engine_of(backend, model, BATCHES, [])
    slots = backend.slots(model)
    slots["norm.running_mean"].write(np.array([3.0], np.float32))
    hook = SyncBuffersHook()
    hook.after_train_epoch(engine)
    assert_close(slots["norm.running_mean"].read(), np.array([3.0], np.float32))
    engine.processes = Others(Place(rank=0, world_size=2))
    hook = SyncBuffersHook()
    hook.after_train_epoch(engine)
    hook.before_val_epoch(engine)
    assert_close(slots["norm.running_mean"].read(), np.array([2.0], np.float32))
    hook.before_val_epoch(engine)
    assert_close(slots["norm.running_mean"].read(), np.array([1.5], np.float32))
    assert_close(slots["norm.running_var"].read(), np.array([1.0], np.float32))
    assert_close(slots["fc.weight"].read(), np.zeros((1, 1), np.float32))


def shipped() -> list[str]:
    """Names of the hooks that can be made here."""
    return [name for name in HOOKS if name != "TensorBoardHook" or importlib.util.find_spec("tensorboard") is not None]


def test_every_hook_that_ships_is_found_by_its_name() -> None:
    needed = {"EarlyStoppingHook": {"monitor": "accuracy"}}
    for name in shipped():
        hook = HOOKS.build({"type": name, **needed.get(name, {})})
        assert isinstance(hook, Hook)
        assert type(hook).__name__ == name


def test_hooks_with_nothing_to_keep_keep_nothing() -> None:
    needed = {"EarlyStoppingHook": {"monitor": "accuracy"}}
    ours = [name for name in shipped() if name not in ("CheckpointHook", "ParamSchedulerHook")]
    states = {name: HOOKS.build({"type": name, **needed.get(name, {})}).state() for name in ours}
    assert {name: state for name, state in states.items() if state} == {}


def test_both_frameworks_log_the_same_run_alike(
    both: tuple[Backend, Backend], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "polynet.train")
    lines = []
    for backend in both:
        caplog.clear()
        with use_backend(backend):
            trained(backend, [HOOKS.build({"type": "LoggerHook", "interval": 1})], 2)
        lines.append([record.getMessage() for record in caplog.records if "(train)" in record.getMessage()])
    assert len(lines[0]) == 8
    assert lines[0] == lines[1]


def test_samples_that_could_not_be_loaded_are_counted_in_the_runs_figures(
    backend: Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for number in range(2):
            Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / label / f"{number}.png")
    (tmp_path / "a" / "0.png").write_bytes(b"no picture")
    loader = DataLoader(ImageFolder(tmp_path, transform=ToArray(), on_error="skip"), batch_size=2)

    class Counting(Regression):
        def forward(self, x: Any, y: Any, mode: str = "tensor") -> Any:
            return {"loss": ops.mean(self.fc(ops.ones((1, 1), like=self.fc.weight)))}

    with caplog.at_level(logging.WARNING, logger="polynet.train"):
        engine = engine_of(backend, Counting(), loader, [RuntimeInfoHook()], epochs=2)
        engine.train()
    assert engine.message["skipped_samples"] == 2
    assert "2 samples could not be loaded" in caplog.text
