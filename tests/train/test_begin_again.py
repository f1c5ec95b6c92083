"""What a run takes up when it goes on, and when the same engine trains again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polynet.backend import Backend
from polynet.train.checkpoint import resume, save_checkpoint
from polynet.train.hooks.checkpoint_hook import CheckpointHook
from polynet.train.limits import Limits
from polynet.train.seeds import seed_of
from tests.train.hand_checked_runs import Regression, engine_of, pair, weight
from tests.train.repeated_runs import SmallModel, small_engine


class SeededBatches(SmallModel):
    """Notes with which numbers its augmentation of batches is seeded."""

    def __init__(self) -> None:
        super().__init__()
        self.seeds: list[int] = []

    def seed_batch(self, seed: int) -> None:
        self.seeds.append(seed)


def test_each_batch_is_augmented_by_a_seed_of_its_own(backend: Backend) -> None:
    model = SeededBatches()
    small_engine(backend, model=model, epochs=2, seed=3).train()
    assert model.seeds == [seed_of(3, 0, iteration) for iteration in range(10)]
    assert len(set(model.seeds)) == 10


def test_figures_and_the_best_are_taken_up_and_tensors_are_not(backend: Backend, tmp_path: Path) -> None:
    first = small_engine(backend)
    first.message.update({"val/accuracy": 0.5, "note": "text", "loss": backend.tensor([1.0])})
    first.best = {"accuracy": 0.75}
    save_checkpoint(first, tmp_path / "a.safetensors")
    second = small_engine(backend)
    resume(second, tmp_path / "a.safetensors")
    assert second.message == {"val/accuracy": 0.5, "note": "text"}
    assert second.best == {"accuracy": 0.75}


def run(backend: Backend, folder: Path | None = None, hooks: Any = (), **options: Any) -> Any:
    return engine_of(backend, Regression(), [pair(1.0, 1.0)], hooks, work_dir=folder, **options)


def test_an_engine_that_trains_again_goes_on_from_itself_and_not_from_the_file(
    backend: Backend, tmp_path: Path
) -> None:
    run(backend, tmp_path, [CheckpointHook(interval=1)]).train()
    again = run(backend, epochs=2)
    again.resume_from = tmp_path / "epoch_1.safetensors"
    again.train()
    reached = weight(again)
    again.limits = Limits(max_epochs=3)
    again.train()
    assert again.iter == 3
    assert weight(again) > reached
    unbroken = run(backend, epochs=3)
    unbroken.train()
    assert weight(again) == weight(unbroken)


def test_weights_to_begin_with_do_not_replace_those_of_a_run_that_goes_on(backend: Backend, tmp_path: Path) -> None:
    run(backend, tmp_path, [CheckpointHook(interval=1)], epochs=2).train()
    resumed = run(backend, epochs=2)
    resumed.resume_from, resumed.load_from = tmp_path / "epoch_2.safetensors", tmp_path / "epoch_1.safetensors"
    resumed.train()
    wanted = run(backend, epochs=2)
    wanted.train()
    assert (resumed.iter, weight(resumed)) == (2, weight(wanted))
    fresh = run(backend, tmp_path / "none", epochs=1)
    fresh.resume_from, fresh.load_from = "auto", tmp_path / "epoch_1.safetensors"
    fresh.train()
    assert fresh.iter == 1
    assert weight(fresh) == pytest.approx(
        weight(wanted), rel=1e-6
    )  # the second step, taken from the first one's weight
