"""All hooks together, over a stop in mid-epoch: what is kept is that of a run without a break."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import polynet
from polynet.backend import Backend, get_backend, use_backend
from polynet.train.hook import Hook
from polynet.train.registry import HOOKS
from tests.train.hand_checked_runs import Measured, Regression, engine_of, pair

CONFIGS: list[dict[str, Any]] = [
    {"type": "RuntimeInfoHook"},
    {"type": "IterTimerHook"},
    {"type": "DistSamplerSeedHook"},
    {"type": "NonFiniteLossHook", "action": "skip"},
    {"type": "LoggerHook", "interval": 4},
    {"type": "LogHook", "log_interval": 4},
    {"type": "ProgressHook"},
    {"type": "JsonLinesHook", "interval": 4},
    {"type": "CurvesHook", "interval": 4},
    {"type": "EMAHook", "momentum": 0.25},
    {"type": "PreciseBNHook"},
    {"type": "EarlyStoppingHook", "monitor": "accuracy", "patience": 9},
    {"type": "SyncBuffersHook"},
    {"type": "CheckpointHook", "interval": 100},
]
TARGETS = [1.0, -2.0, float("nan"), 0.0, 5.0, -1.0, 2.0, 4.0, 3.0, 1.0]


class Stop(Hook):
    priority = "HIGHEST"

    def __init__(self, iteration: int) -> None:
        self.iteration = iteration

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        if runner.iter + 1 == self.iteration:
            runner.request_stop("enough")


def run(backend: Backend, folder: Path, stop: int | None = None, *, resume: bool = False) -> dict[str, Hook]:
    """Train two epochs, or until a stop, or from there; the hooks by their names."""
    hooks = [HOOKS.build(config) for config in CONFIGS] + ([] if stop is None else [Stop(stop)])
    epochs_done = 0 if not resume else 1
    engine = engine_of(
        backend,
        Regression(),
        [pair(1.0, target) for target in TARGETS],
        hooks,
        2,
        work_dir=folder,
        val_dataloader=[pair(1.0, 0.0)],
        val_evaluator=Measured([{"accuracy": 0.25}, {"accuracy": 0.5}][epochs_done:]),
    )
    if resume:
        engine.resume_from = "auto"
    engine.train()
    return {type(hook).__name__: hook for hook in hooks}


def figures(folder: Path) -> list[dict[str, Any]]:
    times = ("time", "data_time", "eta")
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key not in times} for line in lines]


def test_a_stop_in_mid_epoch_changes_nothing_that_hooks_keep(backend: Backend, tmp_path: Path) -> None:
    whole = run(backend, tmp_path / "whole")
    run(backend, tmp_path / "broken", 16)
    resumed = run(backend, tmp_path / "broken", resume=True)
    assert figures(tmp_path / "broken") == figures(tmp_path / "whole")
    assert [entry["iter"] for entry in figures(tmp_path / "whole")] == [4, 8, 10, 14, 18, 20]
    for name in ("EMAHook", "CurvesHook", "EarlyStoppingHook", "NonFiniteLossHook"):
        assert_same(resumed[name].state(), whole[name].state(), name)


def test_the_average_in_a_checkpoint_is_found_by_those_who_want_weights(backend: Backend, tmp_path: Path) -> None:
    hooks: Any = run(backend, tmp_path)
    (path,) = tmp_path.glob("*.safetensors")
    net = Regression()
    with use_backend(backend):
        polynet.load(net, path, ema=True)
    found = backend.slots(net)["fc.weight"].read()
    np.testing.assert_array_equal(found, hooks["EMAHook"].ema_model.state()["fc.weight"])


def test_a_run_goes_on_with_its_average_on_the_other_framework(both: tuple[Backend, Backend], tmp_path: Path) -> None:
    averages: list[Any] = []
    for first, second in ((both[0], both[1]), (both[1], both[0])):
        folder = tmp_path / first.name
        for backend, stop in ((first, 16), (second, None)):
            with use_backend(get_backend(backend.name)):
                hooks: Any = run(backend, folder, stop, resume=stop is None)
        averages.append(hooks["EMAHook"].ema_model.state()["fc.weight"])
    np.testing.assert_allclose(averages[0], averages[1], rtol=1e-6)


def assert_same(found: Any, expected: Any, where: str) -> None:
    if isinstance(expected, dict):
        assert set(found) == set(expected), where
        for key, value in expected.items():
            assert_same(found[key], value, f"{where}.{key}")
    else:
        np.testing.assert_array_equal(found, expected, err_msg=where)
