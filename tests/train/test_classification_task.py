"""The task of classification: any network, any of the usual losses, batches in any of the usual forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.data.data_sample import DataSample
from polynet.errors import ConfigKeyError, InputError, ModeError, OptionError, PolyNetError
from polynet.metrics.evaluator import Evaluator
from polynet.nn import initialise
from polynet.train.optim_wrapper import OptimWrapper
from polynet.train.tasks.classification import ClassificationTask
from polynet.weights import state

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (12, 1, 4, 4), np.uint8)
LABELS = GENERATOR.integers(0, 3, 12)
NORMALISE = {"mean": [127.5], "std": [127.5]}


class Network(nn.Module):
    """Gives one logit for each class, several times over if asked."""

    def __init__(self, form: Any = None) -> None:
        super().__init__()
        self.fc = nn.Linear(16, 3)
        self.form = form

    def forward(self, x: Any) -> Any:
        y = self.fc(ops.flatten(x, 1))
        if self.form is dict:
            return {"logits": y, "auxiliary": y * 0.5}
        return (y, y * 0.5) if self.form is tuple else y


def made(form: Any = None, **options: Any) -> ClassificationTask:
    task = ClassificationTask(Network(form), **{"data_preprocessor": NORMALISE, **options})
    initialise(task.network, 0)
    return task


def logits_of(task: ClassificationTask) -> np.ndarray[Any, Any]:
    weights = state(task.network)
    logits: np.ndarray[Any, Any] = (IMAGES.reshape(12, 16) / 127.5 - 1) @ weights["fc.weight"].T + weights["fc.bias"]
    return logits


def log_softmax(logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: np.ndarray[Any, Any] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result


def losses_of(task: ClassificationTask, batch: Any = (IMAGES, LABELS)) -> dict[str, float]:
    data = task.preprocess(batch, training=True)
    losses = task._run_forward(data, "loss")
    return {name: float(ops.to_numpy(value)) for name, value in losses.items()}


def smooth(share: float) -> np.ndarray[Any, Any]:
    scores: np.ndarray[Any, Any] = np.eye(3)[LABELS] * (1 - share) + share / 3
    return scores


@pytest.mark.parametrize(
    ("loss", "share"),
    [
        ("CrossEntropy", 0.0),
        ({"name": "CrossEntropy", "label_smooth": 0.1}, 0.1),
        ({"type": "CrossEntropyLoss"}, 0.0),
        ({"type": "LabelSmoothLoss", "label_smooth_val": 0.1, "mode": "original"}, 0.1),
    ],
)
def test_the_loss_is_the_one_named(backend: Backend, loss: Any, share: float) -> None:
    task = made(loss=loss)
    wanted = -(smooth(share) * log_softmax(logits_of(task))).sum(axis=1).mean()
    found = losses_of(task)
    assert found["loss"] == pytest.approx(wanted, abs=1e-5)
    assert found["top1"] == pytest.approx(100 * (logits_of(task).argmax(axis=1) == LABELS).mean(), abs=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_each_class_may_be_judged_by_itself(backend: Backend, share: float) -> None:
    task = made(loss={"name": "BinaryCrossEntropy", "label_smooth": share})
    logits, targets = logits_of(task), smooth(share)
    wanted = (np.logaddexp(0, logits) - targets * logits).mean()
    assert losses_of(task)["loss"] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("form", [tuple, dict])
def test_the_losses_of_several_logits_add_up(backend: Backend, form: Any) -> None:
    task = made(form)
    one = np.array([-log_softmax(logits_of(task) * scale)[np.arange(12), LABELS].mean() for scale in (1.0, 0.5)])
    assert losses_of(task)["loss"] == pytest.approx(one.sum(), abs=1e-5)
    prediction = task.val_step((IMAGES, LABELS))
    np.testing.assert_allclose(ops.to_numpy(prediction.logits), logits_of(task), atol=1e-5)
    assert float(ops.to_numpy(prediction.loss)) == pytest.approx(one.sum(), abs=1e-5)


@pytest.mark.parametrize(
    "batch",
    [
        (IMAGES, LABELS),
        [IMAGES, LABELS.tolist()],
        {"inputs": IMAGES, "labels": LABELS},
        {"images": IMAGES, "labels": LABELS, "name": ["a"] * 12},
    ],
)
def test_batches_come_in_the_usual_forms(backend: Backend, batch: Any) -> None:
    task = made()
    assert losses_of(task, batch) == losses_of(task)
    prediction = task.test_step(batch)
    assert ops.to_numpy(prediction.labels).tolist() == LABELS.tolist()


def test_samples_are_taken_from_mmpretrains_preprocessor(backend: Backend) -> None:
    samples = [DataSample().set_gt_label(int(label)) for label in LABELS]
    task = made(data_preprocessor={"type": "ClsDataPreprocessor", **NORMALISE})
    found = losses_of(task, {"inputs": IMAGES, "data_samples": samples})
    assert found == pytest.approx(losses_of(made()))


def test_images_without_labels_are_predicted_but_not_trained_on(backend: Backend) -> None:
    task = made()
    prediction = task.test_step((IMAGES,))
    assert prediction.labels is None
    assert prediction.loss is None
    assert tuple(task(ops.tensor(IMAGES[:2] / np.float32(255))).shape) == (2, 3)
    with pytest.raises(InputError, match="no labels in the batch"):
        task.train_step((IMAGES,), OptimWrapper(backend.optimizer("sgd", task.network, lr=0.1)))
    with pytest.raises(ModeError, match="Did you mean 'loss'"):
        task(ops.tensor(IMAGES), mode="los")


@pytest.mark.parametrize("topk", [(1, 2), (2, 5), ()])
def test_accuracies_are_logged_for_the_k_asked_for(backend: Backend, topk: Any) -> None:
    task = made(topk=topk)
    found = losses_of(task)
    order = np.argsort(-logits_of(task), axis=1)
    wanted = {f"top{k}": 100 * (order[:, :k] == LABELS[:, None]).any(axis=1).mean() for k in topk}
    assert {name: value for name, value in found.items() if name != "loss"} == pytest.approx(wanted, abs=1e-4)


@pytest.mark.checklist("S2-85")
def test_batches_are_mixed_in_training_and_their_scores_learned_from(backend: Backend) -> None:
    mix = [{"type": "MixupCutmix", "mixup_alpha": 0.8, "cutmix_alpha": 1.0, "num_classes": 3}]
    task = made(batch_augments=mix, num_classes=3)
    first, second = (losses_of(task), losses_of(task))
    assert first != second
    task.seed_batch(4)
    third = losses_of(task)
    task.seed_batch(4)
    assert losses_of(task) == third
    assert ops.to_numpy(task.val_step((IMAGES, LABELS)).labels).tolist() == LABELS.tolist()


def test_training_learns_and_is_the_same_on_both_frameworks(both: tuple[Backend, Backend]) -> None:
    curves = []
    for backend in both:
        with use_backend(backend):
            task = made(batch_augments=[{"type": "Mixup", "alpha": 0.1}], num_classes=3)
            wrapper = OptimWrapper(backend.optimizer("sgd", task.weights_module(), lr=0.1, momentum=0.9))
            curve = []
            for step in range(40):
                task.seed_batch(step)
                curve.append(float(task.train_step((IMAGES, LABELS), wrapper)["loss"]))
            curves.append(curve)
    np.testing.assert_allclose(curves[0], curves[1], atol=1e-4)
    assert np.mean(curves[0][-5:]) < 0.7 * np.mean(curves[0][:5])


def test_a_checkpoint_has_the_networks_own_names(backend: Backend) -> None:
    task = made()
    assert sorted(state(task.weights_module())) == ["fc.bias", "fc.weight"]
    assert sorted(state(task)) == ["network.fc.bias", "network.fc.weight"]


def test_the_evaluator_measures_what_is_predicted(backend: Backend) -> None:
    task = made()
    evaluator = Evaluator([{"type": "Accuracy", "topk": (1,)}, "AverageLoss"])
    for rows in (slice(0, 8), slice(8, 12)):
        batch = (IMAGES[rows], LABELS[rows])
        evaluator.process(data_samples=task.val_step(batch), data_batch=batch)
    figures = evaluator.evaluate(12)
    logits = logits_of(task)
    assert figures["accuracy/top1"] == pytest.approx(100 * (logits.argmax(axis=1) == LABELS).mean())
    assert figures["loss"] == pytest.approx(-log_softmax(logits)[np.arange(12), LABELS].mean(), abs=1e-5)


def test_a_task_is_built_from_its_config(backend: Backend) -> None:
    config = {
        "type": "ClassificationTask",
        "network": {"type": "MLP", "in_dim": [16], "out_dim": 3},
        "loss": {"name": "CrossEntropy", "label_smooth": 0.1},
        "data_preprocessor": None,
    }
    task = polynet.build({"model": config}, seed=0)
    assert isinstance(task, ClassificationTask)
    assert tuple(task.val_step((np.zeros((2, 16), np.float32), LABELS[:2])).logits.shape) == (2, 3)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"network": None}, ConfigKeyError, "network: .*needs a network"),
        ({"network": {"name": "resnt18"}}, PolyNetError, "network: .*Did you mean 'resnet18'"),
        ({"loss": "CrossEntorpy"}, PolyNetError, "loss: .*Did you mean 'CrossEntropy'"),
        (
            {"loss": {"name": "CrossEntropyy", "label_smooth": 0.1}},
            PolyNetError,
            "^loss: The loss 'CrossEntropyy' is not registered in losses.*Did you mean 'CrossEntropy'",
        ),
        ({"loss": {"name": "CrossEntropy", "label_smooth": 2}}, OptionError, "label_smooth lies between"),
        ({"topk": 0}, OptionError, "topk"),
        ({"batch_augments": {"type": "Mixap", "alpha": 1.0}}, PolyNetError, "Did you mean 'Mixup'"),
    ],
)
def test_what_cannot_be_built_is_said(backend: Backend, options: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        ClassificationTask(**{"network": Network(), **options})


def test_augmentations_go_into_the_preprocessor(backend: Backend) -> None:
    with pytest.raises(OptionError, match="give them to the one that is made already"):
        made(data_preprocessor=made().data_preprocessor, batch_augments=[{"type": "Mixup", "alpha": 1.0}])
