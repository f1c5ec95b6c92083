"""What a run's log begins and ends with."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend
from polynet.data.datasets import ArrayDataset
from polynet.data.loader import DataLoader
from polynet.errors import CheckpointNotFoundError, NonFiniteLossError
from polynet.train.hook import Hook
from polynet.train.hooks.checkpoint_hook import CheckpointHook
from polynet.train.hooks.log_hook import LogHook
from polynet.train.hooks.logger_hook import LoggerHook
from polynet.train.hooks.non_finite_loss_hook import NonFiniteLossHook
from polynet.train.run_header import header_of
from tests.train.hand_checked_runs import Regression, Script, engine_of, pair

STEPS: list[Any] = [{"loss": 1.0}, {"loss": 2.0}]


def log_of(folder: Path) -> str:
    (path,) = folder.glob("*.log")
    return path.read_text()


class Raises(Hook):
    """Ends the run."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        raise self.error


@pytest.mark.parametrize("hook", [LoggerHook, LogHook])
def test_a_log_begins_with_what_the_run_was(backend: Backend, tmp_path: Path, hook: Any) -> None:
    engine_of(backend, Script(), STEPS, [hook()], work_dir=tmp_path, seed=7, val_dataloader=[{}]).train()
    said = [line.split(" - INFO - ")[1] for line in log_of(tmp_path).splitlines()[:6]]
    assert said == [
        said[0],
        "Device: cpu" if backend.name == "torch" else said[1],
        "Network: Script, 2 parameters, 2 of them trained",
        "Data: train 2 batches; val 1 batches",
        "Seed: 7",
        f"Folder: {tmp_path}",
    ]
    python = r"Python \d+\.\d+\.\d+"
    versions = rf"Versions: PolyNet {polynet.__version__}, {backend.name} {backend.version}, {python}, numpy "
    assert re.fullmatch(re.escape(versions).replace(re.escape(python), python) + re.escape(np.__version__), said[0])
    assert said[1].startswith("Device: ")


def test_samples_are_counted_where_there_is_a_data_set(backend: Backend) -> None:
    data = ArrayDataset(np.zeros((5, 1), np.float32), np.zeros(5, np.int64))
    engine = engine_of(backend, Script(), DataLoader(data, batch_size=2), [])
    assert header_of(engine)[3] == "Data: train 5 samples in 3 batches"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("the lamp is out"), "RuntimeError: the lamp is out"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_an_error_that_ends_a_run_is_its_logs_last_line(
    backend: Backend, tmp_path: Path, capsys: pytest.CaptureFixture[str], error: BaseException, said: str
) -> None:
    engine = engine_of(backend, Script(), STEPS, [LoggerHook(), Raises(error)], work_dir=tmp_path)
    with pytest.raises(type(error)):
        engine.train()
    assert log_of(tmp_path).splitlines()[-1].endswith(f" - ERROR - The run ended by an error: {said}")


def test_an_error_of_a_validation_is_logged_too(backend: Backend, tmp_path: Path) -> None:
    class Fails(Script):
        def val_step(self, data: Any) -> Any:
            message = "no such class"
            raise LookupError(message)

    engine = engine_of(backend, Fails(), STEPS, [LoggerHook()], work_dir=tmp_path, val_dataloader=[{}])
    with pytest.raises(LookupError):
        engine.val()
    assert "The run ended by an error: LookupError: no such class" in log_of(tmp_path)


def test_a_loss_that_is_not_finite_is_in_the_log(backend: Backend, tmp_path: Path) -> None:
    engine = engine_of(
        backend, Regression(), [pair(math.nan, 1.0)], [LoggerHook(), NonFiniteLossHook()], work_dir=tmp_path
    )
    with pytest.raises(NonFiniteLossError):
        engine.train()
    assert "The run ended by an error: NonFiniteLossError: " in log_of(tmp_path)


def test_a_refused_resumption_leaves_its_reason_in_the_log(backend: Backend, tmp_path: Path) -> None:
    engine = engine_of(backend, Script(), STEPS, [LoggerHook()], work_dir=tmp_path)
    engine.resume_from = tmp_path / "missing.safetensors"
    with pytest.raises(CheckpointNotFoundError):
        engine.train()
    assert "The run ended by an error: CheckpointNotFoundError: " in log_of(tmp_path)


def test_no_empty_log_is_left(backend: Backend, tmp_path: Path) -> None:
    engine: Any = engine_of(backend, Script(), STEPS, [LoggerHook()], work_dir=tmp_path)
    engine.log_level = "CRITICAL"
    engine.train()
    assert not list(tmp_path.iterdir())


def test_a_folder_with_an_earlier_runs_checkpoints_is_warned_of(
    backend: Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def train(resume: Any = None) -> list[str]:
        caplog.clear()
        engine = engine_of(backend, Script(), STEPS, [CheckpointHook(interval=1)], epochs=2, work_dir=tmp_path)
        engine.resume_from = resume
        engine.train()
        return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]

    assert train() == []
    assert train("auto") == []
    (said,) = train()
    assert said.startswith(f"{tmp_path} has 2 checkpoints of an earlier run, last epoch_2.safetensors.")
    assert "resume=True, or --resume" in said
