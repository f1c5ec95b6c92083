"""BaseCls's trainer: every field of a config honoured, or said not to be."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import polynet
from polynet.backend import Backend
from polynet.errors import ConfigError, ConfigKeyError, ConfigTypeError, PolyNetError
from polynet.train.basecls import engine_from_basecls
from polynet.train.basecls.fields import filled
from polynet.train.basecls.optimisation import optim_wrapper_config, schedule_of
from polynet.train.faces import engine_from
from polynet.train.hook import Hook
from tests.train.idx import write_fashion_mnist

SMALL = {"name": "ResNet", "depths": [1], "widths": [8], "strides": [2], "stem_w": 4, "stem_name": "SimpleStem"}
BASE: dict[str, Any] = {
    "model": {**SMALL, "head": {"name": "ClsHead"}},
    "num_classes": 4,
    "batch_size": 4,
    "preprocess": {"img_size": 16},
    "test": {"img_size": 16},
    "data": {"name": "FakeData", "num_workers": 0, "size": 16},
    "solver": {"max_epoch": 2, "basic_lr": 0.05, "warmup_epochs": 0},
}


def config(**changes: Any) -> dict[str, Any]:
    from polynet.config.merging import merged

    return merged(BASE, changes)


def engine(folder: Path | None = None, **changes: Any) -> Any:
    return engine_from_basecls(config(**changes), device="cpu", work_dir=folder)


def test_a_config_trains_validates_and_saves(backend: Backend, tmp_path: Path) -> None:
    run = engine(tmp_path)
    run.train()
    assert (run.epoch, run.iter) == (2, 8)
    assert {"val/accuracy/top1", "loss", "lr"} <= set(run.message)
    assert {"epoch_2.safetensors", "metrics.jsonl"} <= {path.name for path in tmp_path.iterdir()}


def test_the_networks_own_names_are_in_the_checkpoint(backend: Backend, tmp_path: Path) -> None:
    run = engine(tmp_path, solver={"max_epoch": 1})
    run.train()
    fresh = polynet.build({"model": BASE["model"], "num_classes": 4}, seed=9)
    polynet.load(fresh, tmp_path / "epoch_1.safetensors")
    for name, array in polynet.state(run.weights_module()).items():
        np.testing.assert_array_equal(polynet.state(fresh)[name], array)


def test_every_kind_of_optimiser_schedule_and_clipping_takes_steps(backend: Backend) -> None:
    clips = [{"name": "norm", "max_norm": 1.0}, {"name": "value", "lower": -0.1, "upper": 0.1}, {"name": None}]
    schedules = ["cosine", "exp", "rel_exp", "linear", "step"]
    for number, name in enumerate(("sgd", "adam", "adamw", "lamb", "lars")):
        solver = {
            "optimizer": name,
            "basic_lr": 0.001,
            "max_epoch": 1,
            "lr_schedule": schedules[number],
            "lr_min_factor": 0.01,
            "grad_clip": clips[number % 3],
            "accumulation_steps": 1 + number % 2,
            "weight_decay": [[0, "bias"], [0, "NORM_TYPES"], 0.01],
        }
        run = engine(solver=solver, model_ema={"enabled": True}, bn={"precise_every_n_epoch": 1})
        before = polynet.state(run.weights_module())
        run.train()
        after = polynet.state(run.weights_module())
        assert all(np.isfinite(array).all() for array in after.values()), name
        assert any(not np.array_equal(before[key], after[key]) for key in after), name


def test_mixup_and_smoothing_and_stronger_augmentation_train(backend: Backend) -> None:
    mixed = {"mixup_alpha": 0.2, "cutmix_alpha": 1.0}
    for name, mode in (("RandAugment", "batch"), ("AutoAugment", "elem"), ("ColorAugment", "pair")):
        augments = {"name": name, "mixup": {**mixed, "mode": mode}, "rand_erase": {"prob": 1.0, "mode": "pixel"}}
        run = engine(augments=augments, loss={"label_smooth": 0.1}, solver={"max_epoch": 1})
        run.train()
        assert np.isfinite(float(run.message["loss"]))


def test_binary_cross_entropy_takes_labels_and_smoothing(backend: Backend) -> None:
    run = engine(loss={"name": "BinaryCrossEntropy", "label_smooth": 0.1}, solver={"max_epoch": 1})
    run.train()
    assert np.isfinite(float(run.message["loss"]))


def test_folders_of_images_are_read_in_training_and_validation(backend: Backend, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for part in ("train", "val"):
        for label in "abcd":
            (tmp_path / part / label).mkdir(parents=True)
            for number in range(2):
                pixels = draw.integers(0, 255, (20, 24, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(tmp_path / part / label / f"{number}.png")
    data = {"name": "FolderLoader", "train_path": str(tmp_path / "train"), "val_path": str(tmp_path / "val")}
    run = engine_from_basecls({**config(), "data": {**data, "num_workers": 0}}, device="cpu")
    run.train()
    assert run.iter == 4
    assert len(run.val_dataloader.dataset) == 8


def test_a_missing_path_of_images_says_how_it_is_set(backend: Backend) -> None:
    with pytest.raises(ConfigError, match=r"data: train_path is not set.*data\.train_path=FOLDER"):
        engine_from_basecls({**config(), "data": {"name": "FolderLoader"}})


def test_what_a_framework_does_not_have_is_said_and_training_goes_on(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="polynet.train"):
        run = engine(trace=True, amp={"enabled": True}, solver={"max_epoch": 1})
        run.train()
    assert "trace=True is not honoured" in caplog.text
    reason = backend.why_no_autocast("cpu", "float16")
    assert ("amp.enabled=True is not honoured" in caplog.text) == (reason is not None)


def test_the_same_config_and_seed_train_alike_on_both_frameworks(both: tuple[Backend, Backend]) -> None:
    losses = []
    for backend in both:
        run = engine_from_basecls(config(augments={"mixup": {"mixup_alpha": 0.2}}), backend=backend, device="cpu")
        seen: list[float] = []

        class Seen(Hook):
            def after_train_iter(
                self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
            ) -> None:
                seen.append(float(outputs["loss"]))  # noqa: B023 - called within this turn of the loop

        run.register_hook(Seen())
        run.train()
        losses.append(seen)
    np.testing.assert_allclose(losses[0], losses[1], atol=1e-4)


def test_learning_rates_follow_basecls_rules() -> None:
    solver = filled({"solver": {"lr_schedule": "step", "lr_decay_steps": [2, 4], "warmup_epochs": 2}})["solver"]
    schedule = schedule_of(solver, 10)
    found = [round(schedule.value(epoch), 6) for epoch in range(6)]
    assert found == [0.1, 0.55, 0.1, 0.1, 0.01, 0.01]
    by_step = schedule_of({**solver, "per_iteration": True}, 10)
    assert by_step.value(10) == pytest.approx(0.55)
    assert 0.1 < by_step.value(5) < 0.55


def test_the_rate_is_for_one_device() -> None:
    fields = filled({"solver": {"basic_lr": 0.1, "optimizer": "sgd", "nesterov": True}})
    assert optim_wrapper_config(fields, 4)["optimizer"] == {
        "type": "SGD",
        "lr": 0.4,
        "weight_decay": 1e-4,
        "momentum": 0.9,
        "nesterov": True,
    }


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"solver": {"max_epochs": 3}}, ConfigKeyError, "solver: there is no field 'max_epochs'. Did you mean"),
        ({"modle_ema": {"enabled": True}}, ConfigKeyError, "Did you mean 'model_ema'"),
        ({"solver": {"basic_lr": None}}, ConfigError, "basic_lr is the learning rate for one device"),
        ({"data": {"name": "FakeData", "num_workers": "2"}}, PolyNetError, "num_workers must be a whole number"),
        ({"solver": {"optimizer": "sdg"}}, ConfigError, "Did you mean 'sgd'"),
        ({"solver": {"lr_schedule": "cosin"}}, PolyNetError, "cosine"),
        ({"augments": {"mixup": {"mixup_alfa": 1}}}, ConfigKeyError, "augments.mixup: there is no field 'mixup_alfa'"),
        ({"solver": {"grad_clip": {"name": "nrm"}}}, ConfigError, "'norm', 'value' or None"),
        ({"trainer_name": "MyTrainer"}, ConfigError, "trainer_name: there is no 'MyTrainer'"),
        ({"data": {"name": "FakeDta"}}, PolyNetError, "data: .*Did you mean 'FakeData'"),
        ({"loss": {"name": "CrosEntropy"}}, PolyNetError, "CrossEntropy"),
        ({"test": 3}, ConfigTypeError, "test is a mapping"),
    ],
)
def test_wrong_fields_are_refused_with_the_nearest(
    backend: Backend, change: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        engine(**change)


def test_a_config_that_only_builds_says_what_training_needs(backend: Backend) -> None:
    with pytest.raises(ConfigError, match=r"how to build a network, and not how to train it.*Did you mean 'solver'"):
        engine_from({"model": {"name": "resnet18"}, "slover": {"max_epoch": 1}})


def test_images_in_arrays_are_brought_to_the_size_that_a_config_asks_for(backend: Backend, tmp_path: Path) -> None:
    write_fashion_mnist(tmp_path, 16, 8)
    grey = {"img_size": 16, "img_color_space": "GRAY", "img_mean": [120.0], "img_std": [60.0]}
    data = {"name": "FashionMNIST", "num_workers": 0, "train_path": str(tmp_path), "val_path": str(tmp_path)}
    model = {**SMALL, "in_channels": 1, "head": {"name": "ClsHead"}}
    common = {"model": model, "num_classes": 10, "preprocess": grey, "test": {"img_size": 12}, "augments": None}
    run = engine_from_basecls({**config(**common), "data": data})
    images, _ = next(iter(run.train_dataloader.batches(0)))
    assert (images.dtype, images.shape) == (np.uint8, (4, 1, 16, 16))
    images, _ = next(iter(run.val_dataloader.batches(0)))
    assert images.shape == (4, 1, 12, 12)
    common = {**common, "preprocess": {**grey, "img_size": 28}, "test": {"img_size": 28}}
    run = engine_from_basecls({**config(**common), "data": data})
    assert run.train_dataloader.dataset.transform is None
    run = engine_from_basecls({**config(**{**common, "augments": {"name": "RandAugment"}}), "data": data})
    images, _ = next(iter(run.train_dataloader.batches(0)))
    assert images.shape == (4, 1, 28, 28)
    with pytest.raises(
        ConfigError, match=r"DigitsDataset holds float32 arrays of shape \(1, 8, 8\).*augments must be None"
    ):
        engine_from_basecls({**config(**common), "data": {"name": "DigitsDataset"}})
    with pytest.raises(PolyNetError, match="Did you mean 'RandAugment'"):
        engine_from_basecls({**config(**{**common, "augments": {"name": "RandAugmet"}}), "data": data})


def test_classes_that_do_not_fit_are_refused_before_the_first_step(backend: Backend, tmp_path: Path) -> None:
    def images(folder: str, *classes: str) -> str:
        for name in classes:
            (tmp_path / folder / name).mkdir(parents=True)
            Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / folder / name / "0.png")
        return str(tmp_path / folder)

    def made(train: str, val: str, num_classes: int) -> Any:
        data = {"name": "FolderLoader", "num_workers": 0, "train_path": train, "val_path": val}
        return engine_from_basecls({**config(num_classes=num_classes), "data": data})

    train, fewer, other = images("a", "x", "y", "z"), images("b", "x", "z"), images("c", "x", "y", "w")
    for wrong in (fewer, other):
        with pytest.raises(ConfigError, match="data: there are 3 classes to train with and"):
            made(train, wrong, 3)
    with pytest.raises(ConfigError, match="num_classes=2, and the data have 3 classes: x, y, z"):
        made(train, train, 2)
    with pytest.raises(ConfigError, match="num_classes is 0"):
        made(train, train, 0)
    assert len(made(train, train, 3).train_dataloader.dataset) == 3


def test_hooks_of_ones_own_and_lists_of_transforms_stand_in_a_config(backend: Backend) -> None:
    run = engine(custom_hooks=[{"type": "EarlyStoppingHook", "monitor": "accuracy/top1"}])
    assert "EarlyStoppingHook" in {type(hook).__name__ for hook in run.hooks}
    with pytest.raises(PolyNetError, match=r"custom_hooks.0: .*Did you mean 'EarlyStoppingHook'"):
        engine(custom_hooks=[{"type": "EarlyStopingHook"}])
