"""Runs over loaders that are not PolyNet's own go on bit for bit, too, also where loading itself is random."""

from __future__ import annotations

import random

import numpy as np
import pytest

from polynet.train.checkpoint import load_checkpoint, save_checkpoint
from tests.train.repeated_runs import Losses, StopAfter, assert_identical, everything, small_engine

BATCHES = 5


class DrawingLoader:
    """Takes order and noise from Python's and numpy's global generators, as many loops of one's own do."""

    def __len__(self):
        return BATCHES

    def __iter__(self):
        order = list(range(BATCHES))
        random.shuffle(order)
        for index in order:
            noise = np.random.standard_normal((4, 6)).astype(np.float32)
            yield noise + np.float32(index), np.full((4, 3), random.random(), np.float32)


def torch_loader():
    data = pytest.importorskip("torch.utils.data")
    torch = pytest.importorskip("torch")

    class Noisy(data.Dataset):
        def __len__(self):
            return 4 * BATCHES

        def __getitem__(self, index):
            return torch.randn(6) + index, torch.rand(3)

    return data.DataLoader(Noisy(), batch_size=4, shuffle=True)


def ended(backend, make, tmp_path, stop):
    """Where a whole run ends, and where one that is stopped and resumed does."""
    ends = []
    for part in ("whole", "first", "second"):
        random.seed(4)
        np.random.seed(4)
        kept = Losses()
        engine = small_engine(
            backend, None, kept, *([StopAfter(stop)] if part == "first" else []), train_dataloader=make()
        )
        if part == "second":
            random.seed(99)  # the process that goes on has drawn other numbers
            np.random.seed(99)
            backend.seed(99)
            engine.resume_from = tmp_path / "a.safetensors"
        engine.train()
        if part == "first":
            save_checkpoint(engine, tmp_path / "a.safetensors")
        else:
            ends.append((everything(engine), kept.losses, random.random(), np.random.rand()))
    return ends


@pytest.mark.parametrize("stop", [2, BATCHES, BATCHES + 3])
def test_a_loader_that_draws_from_global_generators(backend, tmp_path, stop):
    whole, resumed = ended(backend, DrawingLoader, tmp_path, stop)
    assert_identical(resumed[0], whole[0])
    assert resumed[1:] == whole[1:]


@pytest.mark.parametrize("stop", [2, BATCHES, BATCHES + 3])
def test_torchs_loader_whose_data_draw_from_torch(both, tmp_path, stop):
    torch, _ = both
    whole, resumed = ended(torch, torch_loader, tmp_path, stop)
    assert_identical(resumed[0], whole[0])
    assert resumed[1:] == whole[1:]


def test_a_loader_that_needs_no_generators_keeps_none_of_the_epochs(backend, tmp_path):
    engine = small_engine(backend, None, StopAfter(2))
    engine.train()
    save_checkpoint(engine, tmp_path / "a.safetensors")
    assert load_checkpoint(tmp_path / "a.safetensors").tree["random_at_epoch"] is None
