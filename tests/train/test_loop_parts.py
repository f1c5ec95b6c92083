"""The small parts of the loop: limits, signals, batches, seeds."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.data.loader import DataLoader
from polynet.errors import ConfigError, InputError, OptionError
from polynet.train.batches import batches_of, batches_per_epoch
from polynet.train.hook import POINTS, PRIORITIES, Hook, check_hook, priority_of
from polynet.train.interruption import deferred_signals
from polynet.train.limits import Limits
from polynet.train.precision import evaluation_dtype
from polynet.train.seeds import seed_of
from tests.train.hand_checked_runs import Regression, engine_of, pair


def test_a_second_signal_does_not_wait() -> None:
    reasons: list[str] = []
    with deferred_signals(reasons.append):
        os.kill(os.getpid(), signal.SIGINT)
        assert reasons == ["interrupted by SIGINT"]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_signals_are_left_alone_outside_the_main_thread() -> None:
    before = signal.getsignal(signal.SIGINT)
    inside: list[Any] = []

    def work() -> None:
        with deferred_signals(lambda reason: None):
            inside.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == [before]


def test_limits_read_mmengines_loops() -> None:
    assert Limits.read({"type": "IterBasedTrainLoop", "max_iters": 9}).by_epoch is False
    assert Limits.read({"by_epoch": True, "max_epochs": 2}).by_epoch is True
    with pytest.raises(ConfigError, match="neither is given"):
        Limits.read({})
    with pytest.raises(ConfigError, match="Did you mean 'EpochBasedTrainLoop'"):
        Limits.read({"type": "EpochBasedLoop", "max_epochs": 2})
    with pytest.raises(ConfigError, match="whole number of at least 1, not True"):
        Limits.read({"max_epochs": True})


def test_only_the_points_that_a_hook_writes_are_its_points() -> None:
    class Two(Hook):
        def after_run(self, runner: Any) -> None: ...
        def before_val(self, runner: Any) -> None: ...

    assert Two().points == ("after_run", "before_val")
    assert Hook().points == ()
    assert all(callable(getattr(Hook, point)) for point in POINTS)


@pytest.mark.parametrize("value", [101, -1, True, 1.5, "FIRST", None])
def test_priorities_that_are_none_are_refused(value: Any) -> None:
    with pytest.raises(OptionError, match="from 0 to 100 or one of HIGHEST"):
        priority_of(value)


def test_priorities_have_mmengines_numbers() -> None:
    assert {name: priority_of(name.lower()) for name in PRIORITIES} == PRIORITIES


def test_loaders_and_their_samplers_are_told_the_epoch_and_batches_left_out() -> None:
    told: list[tuple[str, int]] = []

    class Sampler:
        def set_epoch(self, epoch: int) -> None:
            told.append(("sampler", epoch))

    class Loader(list[int]):
        sampler = Sampler()

        def set_epoch(self, epoch: int) -> None:
            told.append(("loader", epoch))

    seeds: list[int] = []
    found = list(batches_of(Loader([5, 6, 7]), 4, 1, lambda: seeds.append(1)))
    assert found == [6, 7]
    assert told == [("loader", 4), ("sampler", 4)]
    assert seeds == [1]


def test_an_epoch_that_is_done_has_no_batches_left_and_an_empty_one_is_an_error() -> None:
    assert list(batches_of([1, 2], 0, 2, lambda: None)) == []
    with pytest.raises(InputError, match="list gave no batch"):
        list(batches_of([], 0, 0, lambda: None))


def test_a_loader_without_a_whole_batch_says_how_many_samples_it_has() -> None:
    dataset = [(np.zeros(1, np.float32), number) for number in range(5)]
    message = (
        r"DataLoader gave no batch: there are 5 samples, batch_size is 8, and incomplete batches are dropped "
        r"\(drop_last\)\. Take a batch_size of at most 5, or drop_last=False\."
    )
    with pytest.raises(InputError, match=message):
        list(batches_of(DataLoader(dataset, 8, drop_last=True), 0, 0, lambda: None))
    with pytest.raises(InputError, match="there are 3 samples, batch_size is 4, and incomplete"):
        list(batches_of(DataLoader(dataset, 4, drop_last=True, world_size=2), 0, 0, lambda: None))


def test_a_framework_loader_without_a_whole_batch_says_so_too() -> None:
    torch_data = pytest.importorskip("torch.utils.data")
    loader = torch_data.DataLoader([0, 1, 2], batch_size=4, drop_last=True)
    with pytest.raises(InputError, match="there are 3 samples, batch_size is 4, and incomplete"):
        list(batches_of(loader, 0, 0, lambda: None))


def test_a_loader_that_cannot_say_its_length_has_none() -> None:
    class Stream:
        def __len__(self) -> int:
            message = "object of type 'Stream' has no len()"
            raise TypeError(message)

        def __iter__(self) -> Any:
            return iter(())

    assert batches_per_epoch(Stream()) is None
    assert batches_per_epoch(iter([])) is None
    assert batches_per_epoch([1, 2]) == 2


@pytest.mark.parametrize("stop", [1, 2])
def test_a_run_that_is_stopped_ends_its_loader_though_a_hook_keeps_an_error(backend: Backend, stop: int) -> None:
    class Loader:
        """Notes that it was ended, as one whose worker processes have to be."""

        ended = False

        def __len__(self) -> int:
            return 3

        def batches(self, epoch: int, start: int = 0) -> Iterator[Any]:
            try:
                yield from [pair(1, 1)] * 3
            finally:
                self.ended = True

    class Keeping(Hook):
        """Keeps an error, and so what every function was working with that had called it."""

        def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
            if batch_idx + 1 < stop:
                return
            runner.request_stop("as the test asks")
            try:
                int("no number")
            except ValueError as error:
                self.error = error

    loader: Any = Loader()
    hook = Keeping()
    engine = engine_of(backend, Regression(), loader, [hook])
    engine.train()
    assert (engine.iter, str(hook.error)[:15], loader.ended) == (stop, "invalid literal", True)


def test_seeds_are_spread_and_repeatable() -> None:
    seeds = {seed_of(run, rank, step) for run in range(4) for rank in range(4) for step in range(500)}
    assert len(seeds) == 8000
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert seed_of(1, 2, 3) == seed_of(1, 2, 3) != seed_of(3, 2, 1)


def test_precision_of_an_evaluation_is_checked_for_keys(backend: Backend) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'fp16'"):
        evaluation_dtype(None, {"val_cfg": {"fp6": 1}})
    with pytest.raises(ConfigError, match="mapping such as"):
        evaluation_dtype(None, {"val_cfg": 1})
    assert evaluation_dtype(None, {"val_cfg": {}, "test_cfg": None}) is None


def test_hooks_that_cannot_be_called_at_their_points_are_refused_when_they_are_added() -> None:
    class Odd(Hook):
        def after_train_iter(self, runner: Any) -> None:  # type: ignore[override]  # what is to be refused
            ...

    class Misspelt(Hook):
        def after_train_iteration(self, runner: Any) -> None: ...

    class Wide(Hook):
        def after_train_iter(self, runner: Any, *arguments: Any, **options: Any) -> None: ...

    with pytest.raises(OptionError, match="batch_idx"):
        check_hook(Odd())
    with pytest.warns(UserWarning, match="Did you mean 'after_train_iter'"):
        check_hook(Misspelt())
    check_hook(Wide())
