"""EssentialMC2's and Scepter's solvers."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend
from polynet.errors import (
    ConfigError,
    ConfigKeyError,
    InputError,
    InputKeyError,
    OptionError,
    UnknownNameError,
    UnsupportedError,
)
from polynet.models.networks.train_module import TrainModule
from polynet.train.solver import EvaluationSolver, TrainValSolver, solver_from
from tests.models.networks.small_parts import VIDEOS, labels, videos

PARTS = {
    "backbone": {"name": "MLP", "in_dim": [4, 8], "out_dim": 5},
    "head": {"name": "ClassifierHead", "dim": 5, "num_classes": 3},
}
METRIC = {"metric": {"type": "accuracy", "topk": 1}, "keys": ("logits", "gt_label")}


def batch(size: int = 6, seed: int = 0) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    return {"img": draw.normal(size=(size, 4)).astype(np.float32), "gt_label": np.arange(size) % 3}


def classifier(**options: Any) -> Any:
    return polynet.build({"name": "Classifier", **PARTS, **options}, seed=0)


class Scalars(TrainModule):
    """Notes how it is called, and gives what a test asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.modes: list[tuple[bool, bool]] = []

    def forward_train(self, img: Any, gt_label: Any) -> dict[str, Any]:
        loss = ops.cross_entropy(self.fc(img), gt_label)
        self.modes.append((True, bool(getattr(loss, "requires_grad", True))))
        return {"loss": loss, "batch_size": img.shape[0], "twice": loss * 2, "logits": self.fc(img)}

    def forward_test(self, img: Any, gt_label: Any) -> dict[str, Any]:
        logits = self.fc(img)
        self.modes.append((False, bool(getattr(logits, "requires_grad", False))))
        return {"logits": logits, "mean": ops.mean(logits), "batch_size": img.shape[0]}


@pytest.mark.checklist("S1-35")
def test_an_evaluation_is_without_gradients_and_measures_all_outputs_together(backend: Backend) -> None:
    net = polynet.build(Scalars, seed=0)
    solver = EvaluationSolver(net, do_final_eval=True, eval_metric_cfg=METRIC)
    batches = [batch(6, 0), batch(2, 1)]
    solver.solve({"eval": batches})
    assert set(net.modes) == {(False, False)}
    backend.set_training(net, False)
    logits = [ops.to_numpy(net(**{k: backend.tensor(v) for k, v in each.items()})["logits"]) for each in batches]
    right = np.concatenate([each.argmax(1) for each in logits]) == np.concatenate([b["gt_label"] for b in batches])
    assert solver.epoch_outputs["acc@1"] == pytest.approx(right.mean())
    # Scalars of every batch are averaged with its size as the weight.
    expected = np.average([each.mean() for each in logits], weights=[6, 2])
    assert solver.epoch_outputs["mean"] == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.checklist("S1-36")
def test_training_takes_gradients_of_loss_and_evaluates_at_intervals_and_at_the_end(backend: Backend) -> None:
    net = polynet.build(Scalars, seed=0)
    by_hand = polynet.build(Scalars, seed=0)
    solver = TrainValSolver(
        net, optimizer={"type": "SGD", "lr": 0.5}, max_epochs=3, eval_interval=2, do_final_eval=True,
        eval_metric_cfg=METRIC,
    )  # fmt: skip
    solver.solve({"train": [batch(6, 0), batch(6, 1)], "eval": [batch(6, 2)]})
    assert solver.epoch == 3
    assert [mode for mode, _ in net.modes] == [True] * 4 + [False] + [True] * 2 + [False]
    optimizer = backend.optimizer("sgd", by_hand, lr=0.5)
    for _ in range(3):
        for seed in (0, 1):
            given = {key: backend.tensor(value) for key, value in batch(6, seed).items()}
            optimizer.step(lambda given=given: by_hand(**given)["loss"])
    for name, expected in polynet.state(by_hand).items():
        np.testing.assert_allclose(polynet.state(net)[name], expected, rtol=1e-6, atol=1e-7)
    assert set(solver.epoch_outputs) == {"mean", "acc@1"}


@pytest.mark.checklist("S1-37")
def test_the_log_prints_the_current_value_and_the_mean_weighed_by_batch_size(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    class Given(TrainModule):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(1, 1)

        def forward_train(self, value: Any, size: Any) -> dict[str, Any]:
            return {"loss": ops.sum(self.fc.weight) * 0 + value, "batch_size": int(size)}

    solver = TrainValSolver(
        polynet.build(Given), optimizer={"type": "SGD", "lr": 0.1}, hooks=[{"type": "LogHook", "log_interval": 1}]
    )
    with caplog.at_level(logging.INFO, logger="polynet.train"):
        solver.solve({"train": [{"value": 1.0, "size": 2}, {"value": 4.0, "size": 4}]})
    text = caplog.text
    assert "loss: 4.0000(3.0000)" in text
    assert "batch_size" not in text


@pytest.mark.checklist("S1-38")
def test_a_network_that_gives_no_loss_in_training_is_reported(backend: Backend) -> None:
    class Lossless(Scalars):
        def forward_train(self, img: Any, gt_label: Any) -> dict[str, Any]:
            return {"los": ops.mean(self.fc(img))}

    solver = TrainValSolver(polynet.build(Lossless), optimizer={"type": "SGD", "lr": 0.1})
    with pytest.raises(InputError, match="Did you mean 'loss'"):
        solver.solve({"train": [batch()]})


def test_entries_that_the_network_does_not_take_are_there_for_collecting(backend: Backend, tmp_path: Path) -> None:
    net = classifier()
    given = {**batch(3), "meta": {"path": ["a", "b", "c"]}, "weight": np.ones(3, np.float32)}
    solver = TrainValSolver(
        net, optimizer={"type": "SGD", "lr": 0.1}, work_dir=tmp_path, save_eval_data=True,
        extra_keys=["logits", "meta.path", "weight"],
    )  # fmt: skip
    solver.solve({"train": [given], "eval": [given, given]})
    with np.load(tmp_path / "eval_00001.npz") as found:
        assert found["meta.path"].tolist() == ["a", "b", "c"] * 2
        assert found["weight"].tolist() == [1.0] * 6
        assert found["logits"].shape == (6, 3)


@pytest.mark.parametrize("name", ["VideoClassifier", "VideoClassifier2x"])
def test_networks_of_videos_take_batches_with_more_than_they_need(backend: Backend, name: str) -> None:
    two = name == "VideoClassifier2x"
    head = {"name": "VideoClassifierHeadx2", "dim": 6, "num_classes": [4, 3], "dropout_rate": 0}
    parts = {**VIDEOS, "head": head} if two else VIDEOS
    net = polynet.build({"name": name, **parts}, seed=0)
    given = {"video": videos(), "gt_label": np.stack([labels(), labels() % 3], 1) if two else labels(), "meta": ["a"]}
    solver = TrainValSolver(net, optimizer={"type": "SGD", "lr": 0.1}, max_epochs=2)
    solver.solve({"train": [given], "eval": [given]})
    assert solver.epoch == 2
    assert solver.epoch_outputs


def test_a_network_with_keywords_of_any_name_gets_the_whole_batch(backend: Backend) -> None:
    seen: list[set[str]] = []

    class Open(Scalars):
        def forward(self, img: Any, **kwargs: Any) -> Any:
            seen.append(set(kwargs))
            return self.forward_train(img, kwargs["gt_label"])

    solver = TrainValSolver(polynet.build(Open), optimizer={"type": "SGD", "lr": 0.1})
    solver.solve({"train": [{**batch(), "meta": "a"}]})
    assert seen == [{"gt_label", "meta"}]


def test_an_entry_that_the_network_needs_is_named(backend: Backend) -> None:
    given = batch()
    solver = TrainValSolver(polynet.build(Scalars), optimizer={"type": "SGD", "lr": 0.1})
    with pytest.raises(
        InputKeyError, match=r"Scalars\.forward_train needs 'gt_label', and the batch has img, gt_labels"
    ):
        solver.solve({"train": [{"img": given["img"], "gt_labels": given["gt_label"]}]})
    solver = TrainValSolver(classifier(), optimizer={"type": "SGD", "lr": 0.1})
    with pytest.raises(InputError, match=r"Without labels there is none.*Classifier does not take gt_labels"):
        solver.solve({"train": [{"img": given["img"], "gt_labels": given["gt_label"]}]})


def test_what_an_evaluation_collects_is_written(backend: Backend, tmp_path: Path) -> None:
    solver = EvaluationSolver(
        classifier(), work_dir=tmp_path, save_eval_data=True, extra_keys=["gt_label", "logits", "meta.path"]
    )
    given = {**batch(3), "meta": {"path": ["a", "b", "c"]}}
    solver.model.forward = lambda img, gt_label, meta: {"logits": img}  # the part under test is the collecting
    solver.solve({"eval": [given, given]})
    with np.load(tmp_path / "eval_00000.npz") as found:
        assert found["gt_label"].tolist() == [0, 1, 2] * 2
        assert found["meta.path"].tolist() == ["a", "b", "c"] * 2


def test_a_tensor_is_called_result(backend: Backend) -> None:
    net = classifier()
    metric = {"metric": {"type": "accuracy", "topk": 1}, "keys": ("result", "label_of_image")}
    solver = EvaluationSolver(net, do_final_eval=True, eval_metric_cfg=metric)
    net.forward_test = lambda img, gt_label=None, label_of_image=None: img
    net.forward = lambda img, label_of_image: img[:, :3]
    solver.solve({"eval": [{"img": np.eye(4, dtype=np.float32)[:3], "label_of_image": np.arange(3)}]})
    assert solver.epoch_outputs["acc@1"] == 1.0


SCEPTER = {
    "MODEL": {
        "NAME": "Classifier",
        "BACKBONE": {"NAME": "MLP", "IN_DIM": [4, 8], "OUT_DIM": 5},
        "HEAD": {"NAME": "ClassifierHead", "DIM": 5, "NUM_CLASSES": 3},
        "METRIC": {"NAME": "AccuracyMetric", "TOPK": 1},
    },
    "SOLVER": {
        "NAME": "TrainValSolver",
        "MAX_EPOCHS": 2,
        "OPTIMIZER": {"NAME": "SGD", "LEARNING_RATE": 0.1, "MOMENTUM": 0.9},
        "LR_SCHEDULER": {"NAME": "CosineAnnealingLR", "T_MAX": 2},
        "TRAIN_HOOKS": [{"NAME": "BackwardHook", "GRADIENT_CLIP": 1.0}, {"NAME": "LogHook", "LOG_INTERVAL": 1}],
    },
}


def test_scepters_spelling_makes_the_same_solver(backend: Backend) -> None:
    solver = solver_from(SCEPTER)
    assert isinstance(solver, TrainValSolver)
    wrapper = solver.engine.optim_wrapper
    assert wrapper.get_lr()["lr"] == [0.1]
    solver.solve({"train": [batch()]})
    assert solver.epoch == 2
    assert wrapper.last_grad_norm is not None


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"type": "TrainValSolvr"}, UnknownNameError, "Did you mean 'TrainValSolver'"),
        ({"max_epoch": 3}, OptionError, "Did you mean 'max_epochs'"),
        ({"num_folds": 0}, OptionError, "num_folds"),
        ({"num_folds": 3, "max_epochs": 6}, UnsupportedError, "leave num_folds out, and max_epochs=6"),
        ({"max_steps": 100}, UnsupportedError, "MAX_STEPS is not taken, .* MAX_EPOCHS"),
        ({"train_dta": {}}, ConfigKeyError, "Did you mean 'train_data'"),
        ({"max_epochs": 1.5}, OptionError, "max_epochs"),
        ({"save_eval_data": True}, ConfigError, "work_dir, which is not given"),
        ({"hooks": {"type": "LogHook"}}, ConfigError, "hooks is a list"),
        ({"do_final_eval": True, "eval_metric_cfg": {"metric": {"type": "accuracy"}}}, ConfigKeyError, "needs `keys`"),
    ],
)
def test_wrong_options_are_refused_with_what_is_allowed(
    backend: Backend, change: dict[str, Any], error: type[Exception], message: str
) -> None:
    config = {"model": {"type": "Classifier", **PARTS}, "solver": {"type": "TrainValSolver", **change}}
    with pytest.raises(error, match=message):
        solver_from(config)


def test_scepters_data_may_stand_in_the_solver(backend: Backend) -> None:
    images = {"NAME": "ArrayDataset", "IMAGES": np.zeros((5, 4), np.float32), "LABELS": np.arange(5) % 3}
    loaders = {"TRAIN_DATA": {"BATCH_SIZE": 2, "DATASET": images}, "EVAL_DATA": {"BATCH_SIZE": 5, "DATASET": images}}
    engine = solver_from({**SCEPTER, "SOLVER": {**SCEPTER["SOLVER"], **loaders}}).engine
    assert (len(engine.train_dataloader), len(engine.val_dataloader), engine.max_epochs) == (3, 1, 2)
    with pytest.raises(ConfigKeyError, match=r"given twice: as data\.train and as the solver's train_data"):
        solver_from({**SCEPTER, "SOLVER": {**SCEPTER["SOLVER"], **loaders}, "DATA": {"TRAIN": [batch()]}})


@pytest.mark.parametrize(("wrong", "right"), [("dat", "data"), ("DATAS", "data"), ("modell", "model")])
def test_a_misspelt_part_of_the_config_is_refused_with_the_nearest(backend: Backend, wrong: str, right: str) -> None:
    with pytest.raises(ConfigKeyError, match=f"Did you mean '{right}'"):
        solver_from({**SCEPTER, wrong: {"train": [batch()]}})


def test_a_missing_loader_is_named(backend: Backend) -> None:
    with pytest.raises(ConfigKeyError, match="needs the loader 'train'; it was given eval"):
        TrainValSolver(classifier(), optimizer={"type": "SGD", "lr": 0.1}).solve({"eval": []})
