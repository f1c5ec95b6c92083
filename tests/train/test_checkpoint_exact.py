"""Runs that go on in a process of their own: bit for bit on the same framework, closely on the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from polynet.train.checkpoint import load_checkpoint
from polynet.train.checkpoint.tree import flattened
from tests.train.real_runs import ITERATIONS, OPTIMISERS

ROOT = Path(__file__).parents[2]
STOPS = (1, 4, 5)
"""After the first of two accumulated gradients; between two steps; at an epoch's end, in mid-accumulation."""


def run(*arguments):
    command = [sys.executable, "-m", "tests.train.real_runs", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def end_of(folder):
    """All that the run's last checkpoint holds, but for when it was written and which run it is."""
    tree = dict(load_checkpoint(folder / f"iter_{ITERATIONS}.safetensors").tree)
    del tree["about"]
    tree["hook"] = {name: state for name, state in tree["hook"].items() if name != "CheckpointHook"}
    return tree, *flattened(tree)


@pytest.mark.slow
def test_a_run_resumed_in_a_new_process_ends_with_the_same_bits(backend, tmp_path):
    run(backend.name, tmp_path, 0.5)
    run(backend.name, tmp_path, 0.5, *STOPS)
    for optimiser in OPTIMISERS:
        tree, arrays, text = end_of(tmp_path / optimiser)
        assert {path.partition("/")[0] for path in arrays} == {"ema", "model", "optimizer", "random"}
        assert len(tree["hook"]["Draws"]["losses"]) == 3 * ITERATIONS
        assert tree["optimizer"]["inner_count"] == ITERATIONS
        for stop in STOPS:
            _, found, found_text = end_of(tmp_path / f"{optimiser}_{backend.name}_from_{stop}")
            assert found_text == text
            assert found.keys() == arrays.keys()
            for path, array in arrays.items():
                assert found[path].dtype == array.dtype, path
                assert found[path].shape == array.shape, path
                assert found[path].tobytes() == array.tobytes(), (optimiser, stop, path)


def test_a_checkpoint_between_accumulated_gradients_keeps_them(backend, tmp_path):
    from tests.train.real_runs import keeps, real_engine

    real_engine(backend.name, tmp_path, "sgd", hooks=[keeps(1)]).train()
    for number in range(1, ITERATIONS):
        kept = load_checkpoint(tmp_path / f"iter_{number}.safetensors").optimizer
        assert ("gradients" in kept) == bool(number % 2), number


@pytest.mark.slow
@pytest.mark.parametrize("origin", [0, 1])
def test_a_run_goes_on_on_the_other_framework_as_on_its_own(both, tmp_path, origin):
    first, second = both[origin].name, both[1 - origin].name
    run(first, tmp_path, 0.0)  # without dropout: frameworks draw other numbers
    run(second, tmp_path, 0.0, *STOPS)
    for optimiser in OPTIMISERS:
        tree, arrays, _ = end_of(tmp_path / optimiser)
        for stop in STOPS:
            other, found, _ = end_of(tmp_path / f"{optimiser}_{second}_from_{stop}")
            assert other["progress"] == tree["progress"]
            losses = [each["hook"]["Draws"]["losses"] for each in (other, tree)]
            np.testing.assert_allclose(*losses, rtol=1e-5)
            paths = [path for path in arrays if path.startswith(("ema/", "model/", "optimizer/"))]
            assert set(paths) == {path for path in found if path.startswith(("ema/", "model/", "optimizer/"))}
            for path in paths:
                scale = np.abs(arrays[path]).max() or 1.0
                difference = np.abs(found[path] - arrays[path]).max()
                assert difference <= 1e-5 * scale, (optimiser, stop, path, difference, scale)
