"""How `polynet train` ends where it cannot finish: by a second Ctrl-C, and by a fault in somebody's data set."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from polynet.backend import Backend
from polynet.cli import main
from polynet.train.checkpoint import find_latest

RECIPE = """
model: {name: ResNet, in_channels: 1, depths: [1], widths: [8], strides: [2], stem_w: 4, head: {name: ClsHead}}
num_classes: 10
batch_size: 64
preprocess: {img_size: 8, img_mean: [0.3], img_std: [0.37]}
test: {img_size: 8}
augments: null
data: {name: DATA, num_workers: 0}
custom_hooks: HOOKS
solver: {max_epoch: 1000, basic_lr: 0.05, warmup_epochs: 0}
"""

PARTS = """
import time
from pathlib import Path

import numpy as np

from polynet.data import DATASETS
from polynet.data.datasets import ArrayDataset
from polynet.train import HOOKS, Hook


@HOOKS.register(force=True)
class HangsWhenStopped(Hook):
    priority = "HIGH"  # before a checkpoint is saved

    def after_train(self, runner):
        Path(runner.work_dir, "hangs").touch()
        time.sleep(600)


@DATASETS.register(force=True)
class Faulty(ArrayDataset):
    def __init__(self, train=True, transform=None):
        super().__init__(np.zeros((64, 1, 8, 8), np.uint8), np.arange(64) % 10, transform)

    def take(self, indices):
        return None

    def load(self, index):
        return 1 / 0
"""


def recipe(folder: Path, data: str, hooks: str = "[]") -> list[str]:
    parts = folder / f"parts_of_{folder.name}.py"  # a module's name serves once in a process
    parts.write_text(PARTS)
    path = folder / "ends.yaml"
    path.write_text(RECIPE.replace("DATA", data).replace("HOOKS", hooks))
    words = ["train", str(path), "--import", str(parts), "--device", "cpu"]
    return [*words, "--work-dir", str(folder / "work")]


def wait_for(pattern: str, folder: Path, started: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 240
    while not list(folder.glob(pattern)):
        assert started.poll() is None, started.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_a_second_ctrl_c_ends_at_once_and_the_last_checkpoint_is_whole(backend: Backend, tmp_path: Path) -> None:
    words = recipe(tmp_path, "DigitsDataset", "[{type: HangsWhenStopped}]")
    started = subprocess.Popen(
        [sys.executable, "-m", "polynet", *words, "--backend", backend.name],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        wait_for("work/epoch_*.safetensors", tmp_path, started)
        started.send_signal(signal.SIGINT)
        wait_for("work/hangs", tmp_path, started)
        started.send_signal(signal.SIGINT)
        _, said = started.communicate(timeout=60)  # the hook would take ten minutes
    finally:
        started.kill()
    assert started.returncode == 130
    assert "Traceback" not in said
    saved = find_latest(tmp_path / "work")
    assert saved is not None
    assert saved.path.name.endswith(f"epoch_{saved.epoch}.safetensors")  # the best so far may be of that epoch too
    (log,) = (tmp_path / "work").glob("*.log")
    assert log.read_text().rstrip().endswith("The run ended by an error: KeyboardInterrupt")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_fault_in_somebodys_data_set_is_a_line_and_with_traceback_all_of_it(
    backend: Backend, tmp_path: Path, capfd: pytest.CaptureFixture[str], workers: int
) -> None:
    words = [*recipe(tmp_path, "Faulty"), "--backend", backend.name, f"data.num_workers={workers}"]
    assert main(words) == 2
    (line,) = [each for each in capfd.readouterr().err.splitlines() if each.startswith("polynet train: ")]
    assert "number " in line
    assert "ZeroDivisionError" in line
    assert main(["--traceback", *words]) == 2
    said = capfd.readouterr().err
    assert "return 1 / 0" in said
    assert f"parts_of_{tmp_path.name}.py" in said
    assert "ZeroDivisionError: division by zero" in said
