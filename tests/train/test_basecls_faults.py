"""What BaseCls's own trainer gets wrong, done right: accumulated gradients, and runs that are resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import polynet
from polynet.backend import Backend
from polynet.train.basecls import engine_from_basecls
from polynet.train.hook import Hook

CONFIG: dict[str, Any] = {
    "model": {
        "name": "ResNet",
        "depths": [1],
        "widths": [8],
        "strides": [2],
        "stem_w": 4,
        "stem_name": "SimpleStem",
        "head": {"name": "ClsHead"},
    },
    "num_classes": 4,
    "batch_size": 4,
    "preprocess": {"img_size": 16},
    "test": {"img_size": 16},
    "data": {"name": "FakeData", "num_workers": 0, "size": 16},
}
SOLVER = {"max_epoch": 2, "basic_lr": 0.05, "warmup_epochs": 0}


def test_accumulation_goes_on_over_the_end_of_an_epoch_and_loses_no_gradient(backend: Backend) -> None:
    """In BaseCls the count begins anew with each epoch, whose last gradients stay among those of the next."""
    run = engine_from_basecls({**CONFIG, "solver": {**SOLVER, "accumulation_steps": 3}}, device="cpu")
    network, stepped = run.weights_module(), []
    seen = [polynet.state(network)]

    class Steps(Hook):
        def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
            now = polynet.state(network)
            names = [name for name in now if name.endswith(("fc.weight", "fc.bias"))]
            assert names
            stepped.append(any(not np.array_equal(now[name], seen[-1][name]) for name in names))
            seen.append(now)

    run.register_hook(Steps())
    run.train()
    assert [number for number, changed in enumerate(stepped, 1) if changed] == [3, 6, 8]


def test_a_resumed_run_has_the_weights_and_the_best_of_an_unbroken_one(backend: Backend, tmp_path: Path) -> None:
    """In BaseCls resuming loses the best figure and the state of every generator."""
    config = {
        **CONFIG,
        "solver": SOLVER,
        "augments": {"mixup": {"mixup_alpha": 0.2, "cutmix_alpha": 1.0}},
        "model_ema": {"enabled": True, "momentum": 0.5},
    }

    class Stop(Hook):
        def after_train_epoch(self, runner: Any) -> None:
            runner.request_stop("the first half is over")

    whole = engine_from_basecls(config, device="cpu", work_dir=tmp_path / "whole")
    whole.train()
    first = engine_from_basecls(config, device="cpu", work_dir=tmp_path / "parts")
    first.register_hook(Stop())
    first.train()
    second = engine_from_basecls(config, device="cpu", work_dir=tmp_path / "parts", resume=True)
    second.train()
    assert (first.epoch, second.epoch) == (1, 2)
    assert second.best == whole.best != {}
    for name, array in polynet.state(whole.weights_module()).items():
        np.testing.assert_array_equal(polynet.state(second.weights_module())[name], array)
