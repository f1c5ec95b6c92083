"""Going on from a checkpoint: bit for bit on one framework, closely across two, and all or nothing."""

from __future__ import annotations

import logging
import random

import numpy as np
import pytest

import polynet
from polynet import nn
from polynet.backend import use_backend
from polynet.errors import CheckpointError, CheckpointNotFoundError, WeightsError
from polynet.train.checkpoint import find_latest, load_checkpoint, load_weights, resume, save_checkpoint
from polynet.train.distributed import Place, Processes
from polynet.train.hook import Hook
from tests.train.repeated_runs import (
    BATCHES,
    Losses,
    SmallLoader,
    SmallModel,
    StopAfter,
    assert_identical,
    everything,
    small_engine,
)


def trained(engine):
    engine.train()
    return everything(engine), next(hook.losses for hook in engine.hooks if isinstance(hook, Losses))


@pytest.mark.parametrize("stop", [1, 4, BATCHES, BATCHES + 1, 2 * BATCHES - 1])
def test_a_run_stopped_anywhere_goes_on_bit_for_bit(backend, tmp_path, stop):
    whole, losses = trained(small_engine(backend, None, Losses()))
    first = small_engine(backend, None, Losses(), StopAfter(stop))
    first.train()
    save_checkpoint(first, tmp_path / "stopped.safetensors")
    second = small_engine(backend, None, Losses())
    found = resume(second, tmp_path / "stopped.safetensors")
    assert (found.iter, second.iter) == (stop, stop)
    assert second.iter_in_epoch == (stop - 1) % BATCHES + 1
    numbers, both_losses = trained(second)
    assert both_losses == losses
    assert_identical(numbers, whole)


def test_a_run_goes_on_on_the_other_framework(both, tmp_path):
    for origin, target in (both, both[::-1]):
        first = small_engine(origin, None, Losses(), StopAfter(7))
        first.model.drop.p = first.model.drop.drop_prob = 0.0  # frameworks draw other numbers
        first.train()
        save_checkpoint(first, tmp_path / "a.safetensors")
        ends = []
        for backend in (origin, target):
            second = small_engine(backend, None, Losses())
            second.model.drop.p = second.model.drop.drop_prob = 0.0
            resume(second, tmp_path / "a.safetensors")
            ends.append(trained(second))
        np.testing.assert_allclose(ends[1][1], ends[0][1], rtol=1e-5)
        for name, array in ends[0][0].items():
            np.testing.assert_allclose(ends[1][0][name], array, rtol=1e-5, atol=1e-6, err_msg=name)


def test_what_is_kept_is_told(backend, tmp_path):
    engine = small_engine(backend, None, Losses(), StopAfter(7))
    engine.train()
    save_checkpoint(engine, tmp_path / "a.safetensors")
    found = load_checkpoint(tmp_path / "a.safetensors")
    assert found.progress == {"epoch": 1, "iter": 7, "iter_in_epoch": 2, "validation_due": False}
    assert (found.epoch, found.iter) == (1, 7)
    assert found.about["backend"] == backend.name
    assert found.about["versions"]["polynet"] == polynet.__version__
    assert len(found.hooks["Losses"]["losses"]) == 7
    assert found.optimizer["scale"] == 1024.0
    assert found.tree["sampler"]["batches"] == BATCHES
    assert {name: array.shape for name, array in found.model.items()} == {
        name: array.shape for name, array in polynet.state(engine.model).items()
    }


def test_arrays_are_read_from_the_file_only_when_used(backend, tmp_path):
    save_checkpoint(small_engine(backend), tmp_path / "a.safetensors")
    array = load_checkpoint(tmp_path / "a.safetensors", verify=False).model["first.weight"]
    assert not array.flags.owndata
    assert not array.flags.writeable


def test_pythons_and_numpys_generators_go_on(backend, tmp_path):
    engine = small_engine(backend)
    random.seed(3)
    np.random.seed(3)
    np.random.standard_normal()  # leaves the second of a pair to be given next
    random.gauss(0, 1)
    save_checkpoint(engine, tmp_path / "a.safetensors")
    wanted = [random.gauss(0, 1), random.random(), np.random.standard_normal(), np.random.rand()]
    resume(engine, tmp_path / "a.safetensors")
    assert [random.gauss(0, 1), random.random(), np.random.standard_normal(), np.random.rand()] == wanted


def test_the_newest_whole_checkpoint_is_taken_and_damage_is_told(backend, tmp_path, caplog):
    engine = small_engine(backend, tmp_path)
    for number in (2, 9, 10):
        engine.position.go_to({"epoch": 0, "iter": number, "iter_in_epoch": 0})
        save_checkpoint(engine, tmp_path / f"iter_{number}.safetensors")
    assert find_latest(tmp_path).iter == 10
    flipped = bytearray((tmp_path / "iter_10.safetensors").read_bytes())
    flipped[-1] ^= 1
    (tmp_path / "iter_10.safetensors").write_bytes(flipped)
    (tmp_path / "iter_11.safetensors").write_bytes(b"")
    (tmp_path / "iter_12.safetensors").write_bytes(flipped[:100])
    polynet.save(engine.model, tmp_path / "weights.safetensors")
    second = small_engine(backend, tmp_path)
    with caplog.at_level(logging.INFO):
        resume(second, "auto")
    assert second.iter == 9
    for name in ("iter_10", "iter_11", "iter_12"):
        assert sum(name in record.getMessage() for record in caplog.records if record.levelname == "WARNING") == 1
    assert "weights.safetensors" not in caplog.text


def test_nothing_to_go_on_from_is_a_beginning_or_an_error(backend, tmp_path, caplog):
    engine = small_engine(backend, tmp_path / "new")
    with caplog.at_level(logging.INFO):
        assert resume(engine, "auto") is None
    assert "training starts from the beginning" in caplog.text
    assert resume(engine, True) is None
    with pytest.raises(CheckpointNotFoundError, match="no whole training checkpoint"):
        resume(engine, tmp_path)
    with pytest.raises(CheckpointNotFoundError, match="There is no checkpoint"):
        resume(engine, tmp_path / "a.safetensors")
    polynet.save(engine.model, tmp_path / "weights.safetensors")
    with pytest.raises(CheckpointError, match="no training checkpoint"):
        resume(engine, tmp_path / "weights.safetensors")


def test_a_folder_whose_checkpoints_are_all_damaged_is_no_beginning(backend, tmp_path):
    engine = small_engine(backend, tmp_path)
    save_checkpoint(engine, tmp_path / "iter_1.safetensors")
    whole = (tmp_path / "iter_1.safetensors").read_bytes()
    (tmp_path / "iter_1.safetensors").write_bytes(whole[:-1])
    (tmp_path / "iter_2.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"(?s)no whole checkpoint.*iter_1.*iter_2.*to begin anew"):
        resume(engine, "auto")
    assert (tmp_path / "iter_2.safetensors").read_bytes() == b""


class Refusing(Hook):
    priority = "LOWEST"

    def state(self):
        return {"a": 1}

    def load_state(self, state):
        message = "no"
        raise CheckpointError(message)


class Wider(SmallModel):
    def __init__(self):
        super().__init__()
        self.second = nn.Linear(8, 4)


@pytest.mark.parametrize("fault", ["weights", "hook", "optimizer", "schedules", "no optimizer", "progress"])
def test_what_does_not_fit_changes_nothing(backend, tmp_path, fault):
    path = tmp_path / "a.safetensors"
    first = small_engine(backend, None, Losses(), *([Refusing()] if fault == "hook" else []))
    first.train()
    if fault == "schedules":
        first.param_schedulers = [object()]
    if fault == "progress":
        first.position.next_epoch = "x"
    save_checkpoint(first, path, optimizer=fault != "no optimizer")
    with use_backend(backend):
        model = Wider() if fault == "weights" else None
    kept = Losses()
    second = small_engine(backend, None, kept, StopAfter(2), *([Refusing()] if fault == "hook" else []), model=model)
    if fault != "weights":
        second.train()
    second.optim_wrapper.refuses = fault == "optimizer"
    random.seed(5)
    before, losses, place = everything(second), list(kept.losses), second.position.after()
    generators = random.getstate()
    with pytest.raises(WeightsError if fault not in ("optimizer", "progress") else ValueError):
        resume(second, path)
    assert_identical(everything(second), before)
    assert kept.losses == losses
    assert second.position.after() == place
    assert random.getstate() == generators


def test_hooks_see_and_add_to_the_tree(backend, tmp_path):
    class Adds(Hook):
        def before_save_checkpoint(self, runner, checkpoint):
            checkpoint["mine"] = {"number": 3, "array": np.arange(3)}

        def after_load_checkpoint(self, runner, checkpoint):
            self.found = checkpoint["mine"]

    hook = Adds()
    engine = small_engine(backend, None, hook)
    save_checkpoint(engine, tmp_path / "a.safetensors")
    resume(engine, tmp_path / "a.safetensors")
    assert hook.found["number"] == 3
    np.testing.assert_array_equal(hook.found["array"], np.arange(3))


def test_other_batches_are_counted_by_samples_and_other_data_begin_anew(backend, tmp_path, caplog):
    first = small_engine(backend, None, StopAfter(4), train_dataloader=SmallLoader(8))
    first.train()
    save_checkpoint(first, tmp_path / "a.safetensors")
    half = small_engine(backend, None, train_dataloader=SmallLoader(4))
    resume(half, tmp_path / "a.safetensors")
    assert half.iter_in_epoch == 2
    assert "batches 8 → 4" in caplog.text
    other = small_engine(backend, None, train_dataloader=SmallLoader(8, seed=1))
    resume(other, tmp_path / "a.safetensors")
    assert (other.iter, other.iter_in_epoch) == (4, 0)
    assert "loader_seed 0 → 1" in caplog.text


class Wrapped(SmallModel):
    """A model around a network, with a weight of its own."""

    def __init__(self):
        super().__init__()
        self.network = nn.Linear(2, 2)
        self.temperature = nn.Linear(1, 1)

    def weights_module(self):
        return self.network


def test_the_network_has_its_own_names_and_the_rest_is_kept_beside(backend, tmp_path):
    with use_backend(backend):
        models = [Wrapped(), Wrapped()]
    first = small_engine(backend, None, model=models[0])
    backend.slots(models[0])["temperature.weight"].write(np.full((1, 1), 7, np.float32))
    save_checkpoint(first, tmp_path / "a.safetensors")
    assert set(load_checkpoint(tmp_path / "a.safetensors").model) == {"weight", "bias"}
    second = small_engine(backend, None, model=models[1])
    resume(second, tmp_path / "a.safetensors")
    np.testing.assert_array_equal(polynet.state(models[1])["temperature.weight"], np.full((1, 1), 7, np.float32))
    with use_backend(backend):
        layer = nn.Linear(2, 2)
    assert polynet.load(layer, tmp_path / "a.safetensors").ok


class Averages(Hook):
    def __init__(self):
        self.average = {"first.weight": np.full((8, 6), 2, np.float32)}

    def state(self):
        return {"ema": self.average, "steps": 4}

    def load_state(self, state):
        self.taken = state


def test_a_moving_average_lies_where_readers_of_weights_find_it(backend, tmp_path):
    hook = Averages()
    engine = small_engine(backend, None, hook)
    save_checkpoint(engine, tmp_path / "a.safetensors")
    np.testing.assert_array_equal(
        load_checkpoint(tmp_path / "a.safetensors").ema["first.weight"], hook.average["first.weight"]
    )
    report = polynet.load(engine.model, tmp_path / "a.safetensors", ema=True, strict=False)
    assert report.loaded == ("first.weight",)
    resume(engine, tmp_path / "a.safetensors")
    assert set(hook.taken) == {"ema", "steps"}
    np.testing.assert_array_equal(hook.taken["ema"]["first.weight"], hook.average["first.weight"])


def test_weights_alone_may_be_loaded(backend, tmp_path):
    first = small_engine(backend)
    first.train()
    save_checkpoint(first, tmp_path / "a.safetensors", optimizer=False)
    second = small_engine(backend)
    load_weights(second, tmp_path / "a.safetensors")
    assert second.iter == 0
    assert_identical(polynet.state(second.model), polynet.state(first.model))


def test_only_the_main_process_writes(backend, tmp_path):
    engine = small_engine(backend)
    engine.processes = Processes(Place(rank=1, world_size=2))
    save_checkpoint(engine, tmp_path / "a.safetensors")
    assert list(tmp_path.iterdir()) == []
