"""Figures of a run in files: JSON lines, TensorBoard's events, a picture of the curves."""

from __future__ import annotations

import importlib.util
import json
import logging
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.errors import BackendUnavailableError
from polynet.train.hook import Hook
from polynet.train.hooks.curves_hook import Curve, CurvesHook
from polynet.train.hooks.iter_timer_hook import IterTimerHook
from polynet.train.hooks.json_lines_hook import JsonLinesHook
from polynet.train.hooks.tensorboard_hook import TensorBoardHook
from tests.train.hand_checked_runs import Measured, Script, engine_of

BATCHES = [{"loss": 1.0, "batch_size": 1}, {"loss": 4.0, "batch_size": 2}, {"loss": 2.0}, {"loss": 6.0}]


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def trained(backend: Backend, hooks: list[Hook], folder: Path, epochs: int = 1, start: int = 0, **options: Any) -> Any:
    evaluator = Measured({"accuracy": 0.5 + epoch, "best": np.float32(2.0)} for epoch in range(9))
    engine = engine_of(
        backend,
        Script(),
        BATCHES,
        hooks,
        epochs,
        work_dir=folder,
        val_dataloader=[1],
        val_evaluator=evaluator,
        **options,
    )
    if start:
        engine.position.go_to({"epoch": start // 4, "iter": start, "iter_in_epoch": start % 4})
    engine.train()
    return engine


def test_there_is_an_object_for_each_point_and_each_validation(backend: Backend, tmp_path: Path) -> None:
    trained(backend, [JsonLinesHook(interval=2)], tmp_path)
    assert read(tmp_path / "metrics.jsonl") == [
        {"phase": "train", "epoch": 1, "iter": 2, "lr": 0.1, "loss": 3.0},
        {"phase": "train", "epoch": 1, "iter": 4, "lr": 0.1, "loss": 4.0},
        {"phase": "val", "epoch": 1, "iter": 4, "accuracy": 0.5, "best": 2.0},
    ]


def test_times_are_among_the_figures(backend: Backend, tmp_path: Path) -> None:
    trained(backend, [IterTimerHook(), JsonLinesHook(interval=4)], tmp_path)
    train, val = read(tmp_path / "metrics.jsonl")
    assert {"time", "data_time", "eta"} <= set(train)
    assert {"time", "data_time"} <= set(val)
    assert 0 <= train["data_time"] <= train["time"] < 60
    assert train["eta"] == 0


def test_what_is_not_finite_becomes_null(backend: Backend, tmp_path: Path) -> None:
    engine = engine_of(backend, Script(), [{"loss": math.nan}], [JsonLinesHook()], work_dir=tmp_path)
    engine.train()
    (found,) = read(tmp_path / "metrics.jsonl")
    assert found["loss"] is None


def test_a_run_that_is_resumed_leaves_the_file_of_a_run_without_a_break(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    trained(backend, [JsonLinesHook(interval=2)], tmp_path, 2)
    whole = path.read_text()
    lines = whole.splitlines(keepends=True)
    # The run was killed in the second epoch, in the midst of a line, and its last checkpoint is that of the first.
    path.write_text("".join(lines[:4]) + lines[4][:20])
    engine = engine_of(
        backend,
        Script(),
        BATCHES,
        [JsonLinesHook(interval=2)],
        2,
        work_dir=tmp_path,
        val_dataloader=[1],
        val_evaluator=Measured([{"accuracy": 0.5, "best": 2.0}, {"accuracy": 1.5, "best": 2.0}]),
    )
    engine.position.go_to({"epoch": 1, "iter": 4, "iter_in_epoch": 0, "validation_due": True})
    engine.train()
    assert path.read_text() == whole


def test_lines_are_written_at_once(backend: Backend, tmp_path: Path) -> None:
    seen = []

    class Look(Hook):
        priority = "LOWEST"

        def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
            seen.append(len(read(tmp_path / "metrics.jsonl")))

    trained(backend, [JsonLinesHook(interval=1), Look()], tmp_path)
    assert seen == [1, 2, 3, 4]


def test_a_new_run_keeps_the_file_of_an_earlier_one(backend: Backend, tmp_path: Path) -> None:
    trained(backend, [JsonLinesHook(interval=2)], tmp_path)
    before = read(tmp_path / "metrics.jsonl")
    trained(backend, [JsonLinesHook(interval=4)], tmp_path)
    assert len(read(tmp_path / "metrics.jsonl")) == 2
    (kept,) = tmp_path.glob("metrics.*_*.jsonl")
    assert read(kept) == before


def test_a_full_disk_costs_figures_and_not_the_run(
    backend: Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "metrics.jsonl").symlink_to("/dev/full")
    hook = JsonLinesHook(interval=1)
    hook.before_train = lambda runner: None  # type: ignore[method-assign]  # which would rename the link
    engine = trained(backend, [hook], tmp_path)
    assert engine.iter == 4
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "metrics.jsonl" in warning.getMessage()
    assert "No space left" in warning.getMessage()


needs_tensorboard = pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="needs tensorboard")


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard's own reader makes of a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util

    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    found.Reload()
    tags = found.Tags()
    old = {tag: [(event.step, event.value) for event in found.Scalars(tag)] for tag in tags["scalars"]}
    new = {
        tag: [(event.step, float(tensor_util.make_ndarray(event.tensor_proto))) for event in found.Tensors(tag)]
        for tag in tags["tensors"]
    }
    return old | new


@needs_tensorboard
def test_tensorboard_reads_the_figures(backend: Backend, tmp_path: Path) -> None:
    trained(backend, [TensorBoardHook(interval=2)], tmp_path)
    found = scalars(tmp_path / "tensorboard")
    assert found["train/loss"] == [(2, 3.0), (4, 4.0)]
    assert found["train/lr"] == [(2, pytest.approx(0.1)), (4, pytest.approx(0.1))]
    assert found["val/accuracy"] == [(4, 0.5)]
    assert found["train/epoch"] == [(2, 1.0), (4, 1.0)]


@needs_tensorboard
def test_tensorboard_forgets_what_came_after_the_checkpoint(backend: Backend, tmp_path: Path) -> None:
    trained(backend, [TensorBoardHook(interval=1)], tmp_path)
    trained(backend, [TensorBoardHook(interval=1)], tmp_path, start=2)
    assert [step for step, _ in scalars(tmp_path / "tensorboard")["train/loss"]] == [1, 2, 3, 4]


def test_without_its_library_tensorboard_is_an_error_that_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendUnavailableError, match=r"pip install 'polynet\[tensorboard\]'"):
        TensorBoardHook()


def test_curves_are_drawn_when_training_ends(backend: Backend, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    hook = CurvesHook(interval=2)
    trained(backend, [hook], tmp_path)
    assert hook.curves["train/loss"].places == [2, 4]
    assert hook.curves["train/loss"].values == [3.0, 4.0]
    assert hook.curves["val/accuracy"].values == [0.5]
    image = (tmp_path / "curves.png").read_bytes()
    assert image.startswith(b"\x89PNG")
    assert len(image) > 5000


def test_curves_go_on_after_a_stop(backend: Backend, tmp_path: Path) -> None:
    first, second = CurvesHook(interval=2), CurvesHook(interval=2)
    trained(backend, [first], tmp_path)
    second.load_state(first.state())
    trained(backend, [second], tmp_path, 2, start=4)
    assert second.curves["train/loss"].places == [2, 4, 6, 8]


def test_without_matplotlib_the_run_ends_well_and_the_log_says_so(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "polynet.train")
    hook = CurvesHook()
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "matplotlib" else find(name, *rest)
    )
    trained(backend, [hook], tmp_path)
    assert not (tmp_path / "curves.png").exists()
    assert "pip install 'polynet[plots]'" in caplog.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_picture_that_cannot_be_written_does_not_spoil_the_run(
    backend: Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tmp_path.chmod(0o500)
    trained(backend, [CurvesHook()], tmp_path)
    assert "Curves cannot be drawn" in caplog.text


def test_a_picture_of_an_unknown_kind_does_not_spoil_the_run(
    backend: Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("matplotlib")
    trained(backend, [CurvesHook(filename="curves.nothing")], tmp_path)
    assert "Curves cannot be drawn" in caplog.text


def test_a_long_curve_takes_no_more_memory_and_keeps_its_mean() -> None:
    curve = Curve()
    for place in range(1, 40_001):
        curve.add(place, float(place))
    assert 1000 <= len(curve.places) < 2000
    assert curve.places == curve.values
    assert np.all(np.diff(curve.places) == curve.stride)
    twin = Curve.of_state(curve.state())
    for place in range(40_001, 50_000):
        curve.add(place, float(place))
        twin.add(place, float(place))
    assert (twin.places, twin.values) == (curve.places, curve.values)
