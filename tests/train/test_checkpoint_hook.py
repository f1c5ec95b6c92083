"""CheckpointHook: what is kept and what deleted, what is the best, and what becomes of a run whose disk fails."""

from __future__ import annotations

import errno
import os
import resource
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import polynet
from polynet.errors import CheckpointError, InputError, OptionError
from polynet.train.checkpoint import load_checkpoint, resume, save_checkpoint
from polynet.train.distributed import Place, Processes
from polynet.train.hooks.checkpoint_hook import CheckpointHook
from polynet.weights import atomic
from tests.train.repeated_runs import BATCHES, Scores, StopAfter, assert_identical, everything, small_engine


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def files(*stems):
    return sorted(f"{stem}.safetensors" for stem in stems)


def test_checkpoints_come_at_intervals_and_at_the_end(backend, tmp_path):
    small_engine(backend, tmp_path, CheckpointHook(interval=2), epochs=5).train()
    assert names_in(tmp_path) == files("epoch_2", "epoch_4", "epoch_5")
    found = load_checkpoint(tmp_path / "epoch_4.safetensors")
    assert (found.epoch, found.iter, found.progress["iter_in_epoch"]) == (4, 4 * BATCHES, 0)


def test_iterations_may_be_counted_instead(backend, tmp_path):
    hook = CheckpointHook(interval=3, by_epoch=False, save_last=False, save_begin=1)
    small_engine(backend, tmp_path, hook, epochs=2).train()
    assert names_in(tmp_path) == files("iter_4", "iter_7", "iter_10")
    assert load_checkpoint(tmp_path / "iter_7.safetensors").progress["iter_in_epoch"] == 2


def test_the_last_of_a_run_counted_in_iterations_is_kept(backend, tmp_path):
    small_engine(backend, tmp_path, CheckpointHook(by_epoch=False), limits={"max_iters": 7}).train()
    assert names_in(tmp_path) == files("iter_7")


def test_the_last_few_are_kept_and_old_ones_go_only_when_the_new_is_there(backend, tmp_path, monkeypatch):
    seen = []
    delete = CheckpointHook._delete

    def watched(self, runner, path):
        seen.append((path.name, names_in(path.parent)))
        delete(self, runner, path)

    monkeypatch.setattr(CheckpointHook, "_delete", watched)
    small_engine(backend, tmp_path, CheckpointHook(interval=1, max_keep_ckpts=2), epochs=4).train()
    assert names_in(tmp_path) == files("epoch_3", "epoch_4")
    assert seen == [
        ("epoch_1.safetensors", files("epoch_1", "epoch_2", "epoch_3")),
        ("epoch_2.safetensors", files("epoch_2", "epoch_3", "epoch_4")),
    ]


def test_every_so_many_are_never_deleted(backend, tmp_path):
    hook = {"interval": 1, "max_keep_ckpts": 1, "keep_every": 3}
    small_engine(backend, tmp_path, CheckpointHook(**hook), epochs=4).train()
    assert names_in(tmp_path) == files("epoch_3", "epoch_4")
    engine = small_engine(backend, tmp_path, CheckpointHook(**hook), epochs=7)
    resume(engine, tmp_path / "epoch_4.safetensors")
    engine.train()
    assert names_in(tmp_path) == files("epoch_3", "epoch_6", "epoch_7")


def test_a_resumed_run_goes_on_counting_what_it_keeps(backend, tmp_path):
    small_engine(backend, tmp_path, CheckpointHook(interval=1, max_keep_ckpts=2), epochs=3).train()
    engine = small_engine(backend, tmp_path, CheckpointHook(interval=1, max_keep_ckpts=2), epochs=5)
    engine.resume_from = "auto"
    engine.train()
    assert names_in(tmp_path) == files("epoch_4", "epoch_5")


def test_another_runs_checkpoints_are_left_alone_and_not_gone_on_from(backend, tmp_path):
    small_engine(backend, tmp_path, CheckpointHook(interval=1), epochs=4).train()
    small_engine(
        backend, tmp_path, CheckpointHook(interval=1, max_keep_ckpts=1, filename_tmpl="b_{}.pth"), epochs=2
    ).train()
    assert names_in(tmp_path) == files("b_2", "epoch_1", "epoch_2", "epoch_3", "epoch_4")
    engine = small_engine(backend, tmp_path)
    assert resume(engine, "auto").path.name == "b_2.safetensors"


def test_the_best_is_kept_by_its_name(backend, tmp_path):
    hook = CheckpointHook(save_best="auto", save_last=False)
    engine = small_engine(
        backend, tmp_path, hook, epochs=4, val_evaluator=Scores(0.3, 0.7, 0.5, 0.7, name="accuracy/top1")
    )
    engine.train()
    assert names_in(tmp_path) == files("best_accuracy_top1_epoch_2")
    assert engine.best == {"accuracy/top1": 0.7}
    best = load_checkpoint(tmp_path / "best_accuracy_top1_epoch_2.safetensors")
    assert best.best == {"accuracy/top1": 0.7}
    assert best.progress["validation_due"] is False
    assert polynet.load(engine.model, best.path).ok


@pytest.mark.parametrize(
    ("name", "rule", "scores", "best"),
    [
        ("loss", None, (0.3, 0.1, 0.2), 2),
        ("top1_error", None, (0.3, 0.1, 0.2), 2),
        ("fancy", "greater", (0.3, 0.1, 0.4), 3),
        ("fancy", "less", (float("nan"), 0.5, 0.6), 2),
        ("accuracy", None, (float("nan"), float("-inf"), float("-inf")), 2),
    ],
)
def test_more_or_less_is_better(backend, tmp_path, name, rule, scores, best):
    hook = CheckpointHook(save_best=name, rule=rule, save_last=False)
    small_engine(backend, tmp_path, hook, val_evaluator=Scores(*scores, name=name)).train()
    assert names_in(tmp_path) == files(f"best_{name}_epoch_{best}")


def test_a_resumed_run_never_puts_a_worse_one_in_the_bests_place(backend, tmp_path):
    def engine(epochs, *scores):
        hook = CheckpointHook(interval=1, save_best="accuracy")
        return small_engine(backend, tmp_path, hook, epochs=epochs, val_evaluator=Scores(*scores))

    engine(2, 0.5, 0.9).train()
    # The epoch's checkpoint was written before its validation, and does not know of the best.
    assert load_checkpoint(tmp_path / "epoch_2.safetensors").best == {"accuracy": 0.5}
    second = engine(4, 0.6, 0.7, 0.8)
    second.resume_from = tmp_path / "epoch_2.safetensors"
    second.train()
    assert second.best == {"accuracy": 0.9}
    assert [name for name in names_in(tmp_path) if name.startswith("best")] == files("best_accuracy_epoch_2")
    third = engine(5, 0.8, 0.95)  # the fourth epoch's validation, which was due when its checkpoint was written, again
    third.resume_from = "auto"
    third.train()
    assert [name for name in names_in(tmp_path) if name.startswith("best")] == files("best_accuracy_epoch_5")


def test_a_run_that_goes_on_in_another_folder_holds_the_best_it_was_told_to_be_the_best(backend, tmp_path):
    def engine(folder, epochs, *scores):
        hook = CheckpointHook(interval=1, save_best="accuracy")
        return small_engine(backend, tmp_path / folder, hook, epochs=epochs, val_evaluator=Scores(*scores))

    engine("old", 3, 0.5, 0.9, 0.6).train()
    second = engine("new", 4, 0.6, 0.8)  # the third epoch's validation again, and the fourth's
    second.resume_from = tmp_path / "old" / "epoch_3.safetensors"
    second.train()
    assert names_in(tmp_path / "new") == files("epoch_4")
    assert second.best == {"accuracy": 0.9}


def test_a_best_that_cannot_be_written_leaves_the_one_before_the_best(backend, tmp_path, monkeypatch):
    def failing(runner, path, **options):
        if path.name == "best_accuracy_epoch_2.safetensors":
            message = "no room"
            raise CheckpointError(message)
        save_checkpoint(runner, path, **options)

    monkeypatch.setattr("polynet.train.hooks.checkpoint_hook.save_checkpoint", failing)
    hook = CheckpointHook(save_best="accuracy", save_last=False)
    with pytest.raises(CheckpointError, match="no room"):
        small_engine(backend, tmp_path, hook, epochs=2, val_evaluator=Scores(0.5, 0.9)).train()
    first = {"score": 0.5, "file": "best_accuracy_epoch_1.safetensors", "epoch": 1, "iter": BATCHES}
    assert hook.state()["best"] == {"accuracy": first}
    assert names_in(tmp_path) == files("best_accuracy_epoch_1")


def test_a_validation_after_training_saves_nothing(backend, tmp_path):
    hook = CheckpointHook(save_best="accuracy", save_last=False)
    engine = small_engine(backend, tmp_path, hook, epochs=1, val_evaluator=Scores(0.5, 0.9))
    engine.train()
    assert engine.val() == {"accuracy": 0.9}
    assert engine.best == {"accuracy": 0.5}
    assert load_checkpoint(tmp_path / "best_accuracy_epoch_1.safetensors").best == {"accuracy": 0.5}


def test_a_validation_that_was_due_is_made_up_for(backend, tmp_path):
    first = small_engine(backend, tmp_path, CheckpointHook(interval=1), epochs=1, val_evaluator=Scores(0.5))
    first.train()
    scores = Scores(0.5)
    second = small_engine(backend, tmp_path, CheckpointHook(save_best="accuracy"), epochs=1, val_evaluator=scores)
    second.resume_from = "auto"
    second.train()
    assert scores.scores == []
    assert "best_accuracy_epoch_1.safetensors" in names_in(tmp_path)


def test_validating_alone_saves_nothing(backend, tmp_path):
    hook = CheckpointHook(save_best="accuracy")
    small_engine(backend, tmp_path, hook, val_evaluator=Scores(0.5)).val()
    assert names_in(tmp_path) == []


def test_a_figure_that_is_not_there_is_named(backend, tmp_path):
    engine = small_engine(backend, tmp_path, CheckpointHook(save_best="accurracy"), val_evaluator=Scores(0.5))
    with pytest.raises(InputError, match=r"no figure 'accurracy'\. Did you mean 'accuracy'"):
        engine.train()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"interval": 1.5}, "interval"),
        ({"max_keep_ckpts": -2}, "max_keep_ckpts"),
        ({"save_best": "fancy"}, "rule='greater'"),
        ({"save_best": ["loss", "auto"]}, "save_best"),
        ({"save_best": ["loss", "accuracy"], "rule": ["less"] * 3}, "one rule for each"),
        ({"save_best": "loss", "rule": "more"}, "'more'"),
        ({"filename_tmpl": "epoch.pth"}, "filename_tmpl"),
        ({"filename_tmpl": "../{}.pth"}, "filename_tmpl"),
        ({"by_epoch": "no"}, "by_epoch"),
    ],
)
def test_wrong_options_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        CheckpointHook(**options)


def test_a_stop_is_saved_wherever_it_comes_and_gone_on_from(backend, tmp_path):
    whole = small_engine(backend, tmp_path / "whole")
    whole.train()
    first = small_engine(backend, tmp_path / "a", CheckpointHook(interval=1, max_keep_ckpts=1), StopAfter(BATCHES + 2))
    first.train()
    assert names_in(tmp_path / "a") == files(f"iter_{BATCHES + 2}")
    second = small_engine(backend, tmp_path / "a", CheckpointHook(interval=1, max_keep_ckpts=1))
    second.resume_from = "auto"
    second.train()
    assert_identical(everything(second), everything(whole))
    assert names_in(tmp_path / "a") == files("epoch_3")


def test_ctrl_c_is_saved(backend, tmp_path):
    class Signals(StopAfter):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            if runner.iter + 1 == self.iterations:
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        small_engine(backend, tmp_path, CheckpointHook(), Signals(3)).train()
    assert names_in(tmp_path) == files("iter_3")


def test_another_folder_has_one_of_the_runs_name_in_it(backend, tmp_path):
    small_engine(backend, tmp_path / "run", CheckpointHook(out_dir=tmp_path / "out"), epochs=1).train()
    assert names_in(tmp_path / "out" / "run") == files("epoch_1")
    engine = small_engine(backend, tmp_path / "run", CheckpointHook(out_dir=tmp_path / "out"))
    assert resume(engine, "auto").epoch == 1
    with pytest.raises(OptionError, match="nowhere to write"):
        small_engine(backend, None, CheckpointHook()).train()


def test_only_the_main_process_writes(backend, tmp_path):
    engine = small_engine(
        backend, tmp_path, CheckpointHook(interval=1, save_best="accuracy"), val_evaluator=Scores(1, 2, 3)
    )
    engine.processes = Processes(Place(rank=1, world_size=1))
    engine.train()
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("kind", ["a file in its place", "read-only"])
def test_a_folder_that_cannot_be_written_to_is_found_out_before_training(backend, tmp_path, monkeypatch, kind):
    out = tmp_path / "out"
    if kind == "read-only":

        def refuse(*arguments, **options):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    else:
        out.touch()
    engine = small_engine(backend, tmp_path / "run", CheckpointHook(out_dir=out))
    with pytest.raises(CheckpointError, match="Training was not begun"):
        engine.train()
    assert engine.iter == 0


def test_too_little_room_is_told_at_once(backend, tmp_path, monkeypatch, caplog):
    small_engine(backend, tmp_path, CheckpointHook(), epochs=1).train()
    assert "are free" not in caplog.text
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=100))
    small_engine(backend, tmp_path, CheckpointHook(), epochs=1).train()
    assert "Only 0.0 MB are free" in caplog.text


def filled_after(monkeypatch, count):
    """Have the disk be full from the `count`-th write on."""
    left = [count]
    write = atomic.FileIO.write

    def limited(file, data):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data)

    def write_fully(file, data):
        remaining = data.cast("B") if data.nbytes else data[:0]
        while remaining.nbytes:
            remaining = remaining[limited(file, remaining) :]

    monkeypatch.setattr("polynet.weights.safetensors_file.write_fully", write_fully)


@pytest.mark.parametrize("writes", [0, 1, 4])
def test_a_full_disk_ends_the_run_clearly_and_loses_nothing(backend, tmp_path, monkeypatch, writes):
    hook = CheckpointHook(interval=1, max_keep_ckpts=1)
    small_engine(backend, tmp_path, hook, epochs=1).train()
    before = (tmp_path / "epoch_1.safetensors").read_bytes()
    engine = small_engine(backend, tmp_path, CheckpointHook(interval=1, max_keep_ckpts=1), epochs=2)
    engine.resume_from = "auto"
    filled_after(monkeypatch, writes)
    with pytest.raises(CheckpointError, match=r"No space left[\s\S]*MB are free[\s\S]*epoch_1\.safetensors"):
        engine.train()
    assert names_in(tmp_path) == files("epoch_1")
    assert (tmp_path / "epoch_1.safetensors").read_bytes() == before


def test_a_best_that_could_not_be_written_is_no_best(backend, tmp_path, monkeypatch):
    hook = CheckpointHook(save_best="accuracy", save_last=False)
    engine = small_engine(backend, tmp_path, hook, epochs=2, val_evaluator=Scores(0.5, 0.75))
    written = CheckpointHook._written

    def failing(self, runner, file):
        if runner.epoch == 2:
            raise CheckpointError("no room")
        return written(self, runner, file)

    monkeypatch.setattr(CheckpointHook, "_written", failing)
    with pytest.raises(CheckpointError, match="no room"):
        engine.train()
    assert engine.best == {"accuracy": 0.5}
    assert hook.best["accuracy"]["score"] == 0.5
    assert names_in(tmp_path) == files("best_accuracy_epoch_1")


def test_a_file_that_may_not_grow_so_large_ends_the_run_clearly(backend, tmp_path):
    """The kernel itself refuses a write in the midst of the file."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        with pytest.raises(CheckpointError, match="File too large"):
            small_engine(backend, tmp_path, CheckpointHook(interval=1)).train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert names_in(tmp_path) == []


def test_an_interrupted_write_leaves_the_one_before(backend, tmp_path, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    small_engine(backend, tmp_path, CheckpointHook(interval=1), epochs=1).train()
    engine = small_engine(backend, tmp_path, CheckpointHook(interval=1), epochs=2)
    engine.resume_from = "auto"
    monkeypatch.setattr("polynet.weights.safetensors_file.write_fully", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.train()
    assert names_in(tmp_path) == files("epoch_1")
    assert resume(small_engine(backend, tmp_path), "auto").epoch == 1


def test_what_crashes_left_half_written_is_removed(backend, tmp_path):
    (tmp_path / f".{'a' * 16}.part").write_bytes(b"half")
    (tmp_path / "notes.part").touch()
    small_engine(backend, tmp_path, CheckpointHook(), epochs=1).train()
    assert names_in(tmp_path) == ["epoch_1.safetensors", "notes.part"]


def test_an_old_one_that_cannot_be_deleted_is_only_warned_of(backend, tmp_path, monkeypatch, caplog):
    unlink = Path.unlink

    def refuse(self, missing_ok=False):
        if self.name == "epoch_1.safetensors":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        unlink(self, missing_ok)

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    small_engine(backend, tmp_path, CheckpointHook(interval=1, max_keep_ckpts=1)).train()
    assert names_in(tmp_path) == files("epoch_1", "epoch_3")
    assert "epoch_1.safetensors cannot be deleted" in caplog.text


def test_numbers_of_a_checkpoint_are_those_of_the_moment(backend, tmp_path):
    engine = small_engine(backend, tmp_path, CheckpointHook(), epochs=1)
    engine.train()
    found = load_checkpoint(tmp_path / "epoch_1.safetensors")
    for name, array in polynet.state(engine.model).items():
        np.testing.assert_array_equal(found.model[name], array)
