"""`engine_from` where it is only to measure: the data of training need not be there, whichever form the config has."""

from __future__ import annotations

from typing import Any

import pytest

from polynet.backend import Backend
from polynet.errors import ConfigError, PolyNetError
from polynet.train.faces import engine_from

ABSENT = {"type": "ImageFolder", "root": "no/such/folder"}
DIGITS = {"type": "DigitsDataset", "train": False}
NETWORK = {"name": "ResNet", "in_channels": 1, "depths": [1], "widths": [8], "strides": [2], "stem_w": 4}

RUNNER: dict[str, Any] = {
    "model": {"type": "ClassificationTask", "network": {**NETWORK, "num_classes": 10}},
    "train_dataloader": {"batch_size": 8, "dataset": ABSENT},
    "train_cfg": {"max_epochs": 1},
    "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.1}},
    "param_scheduler": {"type": "StepLR", "step_size": 1},
    "val_dataloader": {"batch_size": 64, "dataset": DIGITS},
    "val_cfg": {},
    "val_evaluator": {"type": "Accuracy"},
}
SOLVER: dict[str, Any] = {
    "model": {
        "type": "Classifier",
        "backbone": {"type": "MLP", "in_dim": [64, 8], "out_dim": 5},
        "head": {"type": "ClassifierHead", "dim": 5, "num_classes": 10},
    },
    "solver": {"type": "TrainValSolver", "optimizer": {"type": "SGD", "lr": 0.1}},
    "data": {"train": {"batch_size": 8, "dataset": ABSENT}, "eval": {"batch_size": 64, "dataset": DIGITS}},
}


@pytest.mark.parametrize("config", [RUNNER, SOLVER], ids=["MMEngine", "EssentialMC2"])
def test_measuring_leaves_the_data_of_training_alone(backend: Backend, config: dict[str, Any]) -> None:
    with pytest.raises(PolyNetError, match="no/such/folder"):
        engine_from(config, backend=backend, device="cpu")
    engine = engine_from(config, backend=backend, device="cpu", evaluation=True)
    assert engine.train_dataloader is None
    assert len(engine.val_dataloader.dataset) == 359


def test_measuring_a_basecls_config_needs_no_folder_of_training(backend: Backend, tmp_path: Any) -> None:
    Image = pytest.importorskip("PIL.Image")  # noqa: N806 - a module, called as it is everywhere
    for label in "ab":
        (tmp_path / "images" / label).mkdir(parents=True)
        for number in range(2):
            Image.new("RGB", (8, 8), (100 * number, 0, 0)).save(tmp_path / "images" / label / f"{number}.png")
    config: dict[str, Any] = {
        "model": {**NETWORK, "in_channels": 3, "head": {"name": "ClsHead"}},
        "num_classes": 2,
        "batch_size": 2,
        "preprocess": {"img_size": 8},
        "test": {"img_size": 8},
        "data": {
            "name": "FolderLoader",
            "train_path": "no/such/folder",
            "val_path": f"{tmp_path}/images",
            "num_workers": 0,
        },
        "solver": {"max_epoch": 1, "basic_lr": 0.1},
        "model_ema": {"enabled": True},
    }
    with pytest.raises(PolyNetError, match="no/such/folder"):
        engine_from(config, backend=backend, device="cpu", work_dir=tmp_path / "run")
    engine = engine_from(config, backend=backend, device="cpu", work_dir=tmp_path / "run", evaluation=True)
    assert set(engine.val()) >= {"accuracy/top1"}
    with pytest.raises(ConfigError, match="num_classes=1, and the data have 2 classes: a, b"):
        engine_from({**config, "num_classes": 1}, backend=backend, device="cpu", evaluation=True)


def test_a_solver_that_is_no_mapping_is_named(backend: Backend) -> None:
    with pytest.raises(ConfigError, match=r"`solver` is a mapping of options, such as .* not 3"):
        engine_from({"model": NETWORK, "solver": 3}, backend=backend)
