"""MMEngine's runner: its example, its configs, and what it says of wrong ones."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from polynet.dialects.mmengine.evaluator import BaseMetric
from polynet.dialects.mmengine.model import BaseModel

import polynet
from polynet import nn, ops
from polynet.backend import Backend
from polynet.data import DataLoader
from polynet.data.datasets import FashionMNIST
from polynet.dialects.mmengine import Runner
from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError, PolyNetError, UnknownNameError
from polynet.train.engine import Engine
from tests.train.idx import write_fashion_mnist

SMALL = {"name": "ResNet", "in_channels": 1, "depths": [1], "widths": [8], "strides": [2], "stem_w": 4}
QUIET = {"progress": None, "curves": None}


class NeuralNetwork(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(nn.Linear(28 * 28, 16), nn.ReLU(), nn.Linear(16, 10))
        self.loss = nn.CrossEntropyLoss()

    def forward(self, img: Any, label: Any, mode: str = "tensor") -> Any:
        pred = self.linear_relu_stack(self.flatten(ops.cast(img, "float32") / 255))
        loss = self.loss(pred, label)
        return {"loss": loss} if mode == "loss" else (ops.argmax(pred, dim=1), loss.item())


class FashionMnistMetric(BaseMetric):
    given: tuple[Any, Any] | None = None

    def process(self, data: Any, preds: Any) -> None:
        type(self).given = (data, preds)
        self.results.append((float((data[1] == ops.to_numpy(preds[0])).mean()), preds[1]))

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        correct, loss = zip(*results, strict=True)
        return {"Accuracy": sum(correct) / len(results), "Avg_loss": sum(loss) / len(results)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return write_fashion_mnist(folder)


def loader(data: Path, training: bool) -> DataLoader:
    return DataLoader(dataset=FashionMNIST(data, train=training), batch_size=32)


def made(data: Path, work_dir: Path | None, **options: Any) -> Runner:
    given = {
        "model": polynet.build(NeuralNetwork, seed=0),
        "work_dir": work_dir,
        "train_dataloader": loader(data, True),
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.05}},
        "train_cfg": {"by_epoch": True, "max_epochs": 5, "val_interval": 1},
        "val_cfg": {},
        "val_dataloader": loader(data, False),
        "val_evaluator": {"type": FashionMnistMetric},
        "default_hooks": QUIET,
    }
    return Runner(**{**given, **options})


@pytest.mark.checklist("S2-65", "S2-66", "S2-67", "S2-68", "S2-69", "S2-70", "S2-72", "S2-73", "S2-74")
def test_the_documents_example_trains_and_reports_its_metric(backend: Backend, data: Path, tmp_path: Path) -> None:
    runner = made(data, tmp_path / "work")
    assert runner.train() is runner.model
    assert (runner.epoch, runner.iter) == (5, 15)
    lines = [json.loads(line) for line in (tmp_path / "work" / "metrics.jsonl").read_text().splitlines()]
    measured = [line for line in lines if "Accuracy" in line or "val/Accuracy" in line]
    assert len(measured) == 5
    assert runner.message["val/Accuracy"] > 0.5
    batch, predictions = FashionMnistMetric.given or (None, None)
    assert isinstance(batch, tuple)
    assert batch[0].shape == (32, 1, 28, 28)
    assert isinstance(predictions, tuple)
    assert tuple(predictions[0].shape) == (32,)


@pytest.mark.checklist("S2-75")
def test_loss_rate_and_metric_are_logged(
    backend: Backend, data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="polynet.train"):
        made(data, tmp_path / "work", default_hooks={**QUIET, "logger": {"interval": 1}}).train()
    text = caplog.text
    assert "loss: " in text
    assert "lr: 5.0000e-02" in text
    assert "Accuracy: " in text


@pytest.mark.checklist("S2-71")
def test_half_precision_in_validation_is_used_or_refused_in_words(
    backend: Backend, data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="polynet.train"):
        runner = made(data, None, val_cfg={"fp16": True})
    runner.val()
    if runner.eval_dtype is None:
        assert "Evaluation runs in float32: " in caplog.text
    else:
        assert runner.eval_dtype in ("float16", "bfloat16")
    assert (runner.eval_dtype is None) == all(
        backend.why_no_autocast("cpu", dtype) for dtype in ("float16", "bfloat16")
    )


@pytest.mark.checklist("S2-76")
def test_the_model_is_on_the_device_once_the_runner_is_made(
    backend: Backend, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed: list[str] = []
    place = backend.place
    monkeypatch.setattr(backend, "place", lambda module, device: (placed.append(device), place(module, device))[1])
    runner = made(data, None)
    assert placed == [backend.resolve_device("auto")]
    assert backend.device_of(runner.model) == backend.devices()[-1 if len(backend.devices()) > 1 else 0]


def test_a_whole_config_makes_the_same_run_as_its_parts(backend: Backend, data: Path, tmp_path: Path) -> None:
    config = {
        "model": {
            "type": "ClassificationTask",
            "network": {**SMALL, "num_classes": 10},
            "data_preprocessor": {"type": "BatchDataPreprocessor", "mean": 0, "std": 255},
        },
        "train_dataloader": {
            "batch_size": 32,
            "dataset": {"type": "FashionMNIST", "root": str(data)},
            "sampler": {"type": "DefaultSampler", "shuffle": True},
        },
        "val_dataloader": {
            "batch_size": 32,
            "dataset": {"type": "FashionMNIST", "root": str(data), "train": False},
        },
        "train_cfg": {"type": "EpochBasedTrainLoop", "max_epochs": 2},
        "val_cfg": {},
        "val_evaluator": [{"type": "Accuracy"}],
        "optim_wrapper": {"type": "OptimWrapper", "optimizer": {"type": "Adam", "lr": 0.01}},
        "param_scheduler": [
            {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "end": 3},
            {"type": "CosineAnnealingLR", "by_epoch": True, "begin": 1, "T_max": 1},
        ],
        "default_hooks": {**QUIET, "checkpoint": {"interval": 1, "max_keep_ckpts": 1}},
        "custom_hooks": [{"type": "EMAHook", "momentum": 0.1}],
        "randomness": {"seed": 7},
        "work_dir": str(tmp_path / "work"),
        "default_scope": "mmpretrain",
        "some_key_of_a_file": 3,
    }
    before = json.dumps(config)
    runner = Runner.from_cfg(config)
    runner.train()
    assert json.dumps(config) == before
    assert runner.seed == 7
    assert (tmp_path / "work" / "epoch_2.safetensors").is_file()
    assert not (tmp_path / "work" / "epoch_1.safetensors").exists()


def test_a_run_resumes_from_its_folder_or_begins_with_anothers_weights(
    backend: Backend, data: Path, tmp_path: Path
) -> None:
    first = made(data, tmp_path / "work", train_cfg={"max_epochs": 1})
    first.train()
    resumed = made(data, tmp_path / "work", train_cfg={"max_epochs": 2}, resume=True)
    resumed.train()
    assert (resumed.epoch, resumed.iter) == (2, 6)
    started = made(data, None, train_cfg={"max_epochs": 1}, load_from=tmp_path / "work" / "epoch_1.safetensors")
    started.train()
    assert started.iter == 3
    ours, theirs = polynet.state(started.model), polynet.state(resumed.model)
    # Both did one more epoch from the same weights; its batches differ, since the epoch's number does not agree.
    assert all(np.allclose(ours[name], theirs[name], atol=0.2) for name in ours)


def test_learning_rates_are_scaled_to_the_batch(backend: Backend, data: Path) -> None:
    runner = made(data, None, auto_scale_lr={"base_batch_size": 64, "enable": True})
    assert runner.optim_wrapper.get_lr()["lr"] == [0.025]
    with pytest.raises(ConfigError, match="base_batch_size"):
        made(data, None, auto_scale_lr={"enable": True})
    with pytest.raises(ConfigKeyError, match="Did you mean 'enable'"):
        made(data, None, auto_scale_lr={"base_batch_size": 64, "enabled": True})


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"optim_wrapper": None}, ConfigError, "are given without optim_wrapper"),
        ({"val_evaluator": None}, ConfigError, "are given without val_evaluator"),
        ({"train_cfg": {"max_epoch": 3}}, ConfigKeyError, "Did you mean 'max_epochs'"),
        ({"train_cfg": {"max_epochs": 3, "max_iters": 3}}, ConfigError, "both are given"),
        ({"train_cfg": {"max_epochs": 0}}, ConfigError, "at least 1, not 0"),
        ({"train_cfg": {"by_epoch": False, "max_epochs": 3}}, ConfigError, "goes with max_iters"),
        ({"train_cfg": 3}, ConfigTypeError, "mapping such as"),
        ({"val_cfg": {"fp_16": True}}, ConfigKeyError, "Did you mean 'fp16'"),
        ({"val_evaluator": {"type": "Acuracy"}}, UnknownNameError, "val_evaluator.0.metric: .*Did you mean 'accuracy'"),
        ({"randomness": {"sed": 1}}, ConfigKeyError, "Did you mean 'seed'"),
        ({"log_processor": {"window": 1}}, ConfigKeyError, "log_processor has no key 'window'"),
        ({"randomness": {"seed": -1}}, ConfigTypeError, "at least 0, not -1"),
        ({"custom_hooks": {"type": "EMAHook"}}, ConfigTypeError, "custom_hooks is a list"),
        ({"custom_hooks": [{"type": "EMAHok"}]}, UnknownNameError, r"custom_hooks.0: .*Did you mean 'EMAHook'"),
        ({"default_hooks": {"chekpoint": {"interval": 1}}}, ConfigKeyError, "Did you mean 'checkpoint'"),
        ({"default_hooks": {"checkpoint": {"intervall": 1}}}, PolyNetError, "Did you mean 'interval'"),
        ({"resume": 3}, ConfigError, "resume is True, False or a checkpoint"),
        ({"launcher": "torchrun"}, PolyNetError, "no launcher 'torchrun'"),
        ({"model_wrapper_cfg": {"type": "DataParallel"}}, ConfigKeyError, "Did you mean"),
        ({"train_dataloader": {"batch_size": 2}}, PolyNetError, "train_dataloader: .*needs `dataset`"),
    ],
)
def test_wrong_options_are_refused_with_what_is_allowed(
    backend: Backend, data: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        made(data, None, **options)


def test_a_config_without_a_model_is_refused(backend: Backend) -> None:
    with pytest.raises(ConfigKeyError, match="Is 'modle' meant for it"):
        Runner.from_cfg({"modle": {}})


@pytest.mark.parametrize(
    ("key", "meant"),
    [("param_schedular", "param_scheduler"), ("custom_hook", "custom_hooks"), ("load_form", "load_from")],
)
def test_a_misspelt_key_of_a_whole_config_is_refused(backend: Backend, key: str, meant: str) -> None:
    with pytest.raises(ConfigKeyError, match=f"'{key}' is read by nothing. Did you mean '{meant}'"):
        Runner.from_cfg({"model": {"name": "resnet18"}, key: []})


def test_variables_of_a_config_file_are_no_slips(backend: Backend) -> None:
    model = {"type": "ClassificationTask", "network": SMALL, "num_classes": 10}
    config = {"model": model, "model_": model, "train_pipeline": [], "tta_cfg": {}, "work_dir": None, "work_dirs": 1}
    assert Runner.from_cfg(config, backend=backend, device="cpu").max_epochs is None


def test_a_runner_is_an_engine(backend: Backend, data: Path) -> None:
    assert isinstance(made(data, None), Engine)


@pytest.mark.parametrize("name", ["torch", "megengine"])
def test_workers_are_those_of_the_runs_framework_where_none_is_active(both: tuple[Backend, Backend], name: str) -> None:
    config = {
        "model": {"type": "ClassificationTask", "network": {"type": "MLP", "in_dim": [4], "out_dim": 3}},
        "train_dataloader": {
            "batch_size": 2,
            "num_workers": 1,
            "dataset": {"type": "FakeData", "size": 4, "shape": (4,), "num_classes": 3},
        },
        "train_cfg": {"max_iters": 2},
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.1}},
    }
    runner = Runner.from_cfg(config, backend=name, device="cpu")
    runner.train()
    assert runner.iter == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"devic": "cpu"}, "Did you mean 'device'"),
        ({"work_dir": 3}, "work_dir is a path"),
        ({"load_from": 3}, "load_from is a path"),
        ({"resume": "yes"}, "resume is True, False or a checkpoint's path, not 'yes'"),
        ({"default_hooks": {"chekpoint": None}}, "Did you mean 'checkpoint'"),
    ],
)
def test_arguments_that_are_none_are_refused_by_name(backend: Backend, options: dict[str, Any], told: str) -> None:
    config = {"type": "ClassificationTask", "network": {"type": "MLP", "in_dim": [4], "out_dim": 3}}
    with pytest.raises(PolyNetError, match=told):
        Runner(config, **options)
