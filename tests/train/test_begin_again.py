"""What a run takes up when it goes on, and when the same engine trains again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polynet.backend import Backend
from polynet.train.checkpoint import resume, save_checkpoint
from polynet.train.checkpoint.place import place_of
from polynet.train.hook import Hook
from polynet.train.hooks.checkpoint_hook import CheckpointHook
from polynet.train.limits import Limits
from polynet.train.seeds import seed_of
from tests.train.hand_checked_runs import Regression, engine_of, pair, weight
from tests.train.repeated_runs import SmallLoader, SmallModel, small_engine


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


class Counts(Hook):
    """Counts the steps that were taken."""

    steps = 0

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        self.steps += 1


def run(backend: Backend, folder: Path | None = None, hooks: Any = (), **options: Any) -> Any:
    return engine_of(backend, Regression(), [pair(1.0, 1.0)], hooks, work_dir=folder, **options)


def test_an_engine_that_trains_again_goes_on_from_itself_and_not_from_the_file(
    backend: Backend, tmp_path: Path
) -> None:
    run(backend, tmp_path, [CheckpointHook(interval=1)]).train()
    count = Counts()
    again = run(backend, hooks=[count], epochs=2)
    again.resume_from = tmp_path / "epoch_1.safetensors"
    again.train()
    again.limits = Limits(max_epochs=3)
    again.train()
    assert (again.iter, count.steps) == (3, 2)
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


def test_a_run_that_goes_on_from_before_counts_later_files_as_none_of_its_last(
    backend: Backend, tmp_path: Path
) -> None:
    run(backend, tmp_path, [CheckpointHook(interval=1)], epochs=3).train()
    resumed = run(backend, tmp_path, [CheckpointHook(interval=1, max_keep_ckpts=2)], epochs=2)
    resumed.resume_from = tmp_path / "epoch_1.safetensors"
    resumed.train()
    assert sorted(path.name for path in tmp_path.glob("epoch_*")) == [f"epoch_{n}.safetensors" for n in (1, 2, 3)]


def test_a_wrapper_goes_on_counting_where_its_state_was(backend: Backend) -> None:
    config = {"accumulative_counts": 2}
    first = run(backend, epochs=3, wrapper=config)
    first.train()
    second = run(backend, wrapper=config)
    second.optim_wrapper.load_state(first.optim_wrapper.state())
    assert second.optim_wrapper.inner_count == 3


def test_losses_that_remain_at_the_end_of_a_run_are_stepped(backend: Backend) -> None:
    accumulating = run(backend, epochs=3, wrapper={"accumulative_counts": 2})
    accumulating.train()
    assert weight(accumulating) == pytest.approx(0.1 + 0.1 * 0.9, rel=1e-6)


@pytest.mark.parametrize(("before", "done", "left_out"), [(5, 2, 4), (20, 2, 1), (20, 3, 1)])
def test_as_many_samples_are_left_out_where_batches_are_cut_otherwise(
    backend: Backend, before: int, done: int, left_out: int
) -> None:
    engine = small_engine(backend, train_dataloader=SmallLoader(10))
    progress = {"epoch": 1, "iter": before + done, "iter_in_epoch": done}
    place, _ = place_of(engine, {"progress": progress, "sampler": {"batches": before}})
    assert place == {**progress, "iter_in_epoch": left_out}
