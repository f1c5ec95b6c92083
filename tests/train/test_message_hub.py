"""MMEngine's words for the figures that hooks leave in `message`; its endless sampler in a run by iterations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.data.datasets import ArrayDataset
from polynet.data.loader import build_loader
from polynet.errors import InputKeyError, UnsupportedError
from polynet.train.hook import Hook
from polynet.train.hooks.runtime_info_hook import RuntimeInfoHook
from tests.train.hand_checked_runs import Regression, Script, engine_of


class Asks(Hook):
    """Reads and writes in MMEngine's words."""

    priority = "LOW"

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        hub = runner.message_hub
        hub.update_scalar("train/twice", 2 * hub.get_scalar("train/loss").current())
        hub.update_info("mine", [batch_idx])
        self.seen.append((hub.get_info("iter"), hub.get_info("max_iters"), hub.get_scalar("train/lr").current()))


def test_a_hook_reads_and_writes_figures(backend: Backend) -> None:
    asks = Asks()
    engine = engine_of(backend, Script(), [{"loss": 1.0}, {"loss": 3.0}], [RuntimeInfoHook(), asks])
    engine.train()
    assert asks.seen == [(0, 2, pytest.approx(0.1)), (1, 2, pytest.approx(0.1))]
    assert engine.message["twice"] == 6.0
    hub = engine.message_hub
    assert hub.get_info("mine") == [1]
    assert hub.get_info("yours") is None
    assert hub.get_info("yours", 3) == 3
    hub.update_scalars({"a": 1.0, "train/b": {"value": 2.0, "count": 4}})
    hub.update_info_dict({"c": "text"})
    assert [engine.message[name] for name in "abc"] == [1.0, 2.0, "text"]


def test_what_is_not_there_is_said(backend: Backend) -> None:
    hub = engine_of(backend, Script(), [], []).message_hub
    hub.update_scalar("loss", 1.0)
    with pytest.raises(InputKeyError, match="Did you mean 'loss'"):
        hub.get_scalar("train/los")
    with pytest.raises(UnsupportedError, match="latest value alone"):
        hub.get_scalar("loss").mean(10)
    with pytest.raises(AttributeError):
        hub.get_scalar("loss").meen  # noqa: B018 - reading it is what is tested
    with pytest.raises(InputKeyError, match="counted by the loop"):
        hub.update_info("iter", 3)


def test_a_run_by_iterations_takes_an_infinite_sampler(backend: Backend) -> None:
    seen: list[list[float]] = []

    class Notes(Hook):
        def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
            seen.append(data_batch[0].ravel().tolist())

    numbers = np.arange(3, dtype=np.float32).reshape(3, 1)
    config = {"dataset": ArrayDataset(numbers, numbers), "batch_size": 2}
    loader = build_loader({**config, "sampler": {"type": "InfiniteSampler", "shuffle": False}})
    engine = engine_of(backend, Regression(), loader, [Notes()], limits={"max_iters": 5})
    engine.train()
    assert engine.iter == 5
    assert seen == [[0, 1], [2, 0], [1, 2], [0, 1], [2, 0]]
