"""The progress bar: on a terminal, and nowhere else."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.train.hooks.progress_hook import ProgressHook, batch_length, duration
from tests.train.hand_checked_runs import Script, engine_of

PROGRAM = """
import sys, time
import polynet
from polynet.train.registry import HOOKS
from tests.train.hand_checked_runs import Measured, Script, engine_of

class Slow(Script):
    def train_step(self, data, optim_wrapper):
        time.sleep(0.06)
        return super().train_step(data, optim_wrapper)

    def val_step(self, data):
        time.sleep(0.11)
        return [data]

names = ("RuntimeInfoHook", "IterTimerHook", "LoggerHook", "ProgressHook")
with polynet.use_backend(sys.argv[1]) as backend:
    batches = [{"loss": 0.25, "batch_size": 7}] * 8
    hooks = [HOOKS.build(name) for name in names]
    evaluator = Measured([{"accuracy": 0.5}, {"accuracy": 0.75}])
    engine = engine_of(backend, Slow(), batches, hooks, 2, val_dataloader=[1, 2, 3], val_evaluator=evaluator)
    if sys.argv[2:] == ["fail"]:
        engine.val_evaluator = None
        engine.model.val_step = None
    print("on standard output")
    engine.train()
print("done")
"""


def on_a_terminal(backend: Backend, *arguments: str) -> tuple[str, str, int]:
    """What a program writes to a terminal as standard error, and to a pipe as standard output; its exit code."""
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "30"}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, backend.name, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, env=environment, text=True) as process:
        os.close(terminal)
        written = b""
        while True:
            try:
                part = os.read(controller, 65536)
            except OSError:  # as Linux says that the other end is closed
                break
            if not part:
                break
            written += part
        assert process.stdout is not None
        output = process.stdout.read()
    os.close(controller)
    return written.decode(), output, process.returncode


def plain(text: str) -> str:
    """The text without what moves the cursor or colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_terminal_sees_a_bar_and_the_lines_of_validations(backend: Backend) -> None:
    written, output, code = on_a_terminal(backend)
    assert code == 0
    assert output == "on standard output\ndone\n"
    text = plain(written)
    assert re.search(r"Epoch 1/2 .*\d/8 \d+ samples/s  loss 0\.2500  ETA 0:00:0\d", text)
    assert re.search(r"Validation .*\d/3", text)
    assert "Epoch(train)" not in text
    lines = [line.strip() for line in text.replace("\r", "\n").split("\n")]
    validations = [line.split(" - INFO - ")[1] for line in lines if "Epoch(val)" in line]
    assert [line.split("  ")[:2] for line in validations] == [
        ["Epoch(val) [1][3/3]", "accuracy: 0.5000"],
        ["Epoch(val) [2][3/3]", "accuracy: 0.7500"],
    ]
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h")  # the cursor is shown again as often as hidden


def test_a_run_that_fails_leaves_the_terminal_in_order(backend: Backend) -> None:
    written, _, code = on_a_terminal(backend, "fail")
    assert code == 1
    assert "Traceback" in plain(written)
    assert written.rindex("\x1b[?25h") < written.rindex("Error")


def test_without_a_terminal_nothing_is_drawn(backend: Backend, capfd: pytest.CaptureFixture[str]) -> None:
    engine_of(backend, Script(), [{"loss": 1.0}] * 3, [ProgressHook()], 2, val_dataloader=[1]).train()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("batch", "length"),
    [
        ((np.zeros((5, 2)), np.zeros(5)), 5),
        ([np.zeros((5, 2)), np.zeros(5)], 5),
        ({"inputs": [np.zeros(2)] * 3, "data_samples": [1, 2, 3]}, 3),
        ({"inputs": np.zeros((4, 2))}, 4),
        ((), 0),
        (None, 0),
        (np.float32(2.0), 0),
    ],
)
def test_the_samples_of_a_batch_are_counted(batch: Any, length: int) -> None:
    assert batch_length(batch) == length


def test_the_loader_knows_best_how_many_samples_a_batch_has() -> None:
    class Loader:
        batch_size = 32

    assert batch_length(np.zeros((5, 2)), Loader()) == 32


def test_times_are_shown_in_hours() -> None:
    assert (duration(0.9), duration(59.9), duration(360_000)) == ("0:00:00", "0:00:59", "100:00:00")
