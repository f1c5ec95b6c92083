"""Weights of a network for another number of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn
from polynet.backend import Backend
from polynet.errors import WeightsError


class Classifies(nn.Module):
    """A body of one layer, so that the classifier is half of the state."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 1, bias=False)
        self.fc = nn.Linear(width, classes)

    def forward(self, x: Any) -> Any:
        return self.fc(x)


def refused(net: Any, state: Any) -> str:
    before = polynet.state(net)
    with pytest.raises(WeightsError) as caught:
        polynet.load_state(net, state)
    assert all(np.array_equal(array, before[name]) for name, array in polynet.state(net).items())
    return str(caught.value)


def test_another_number_of_classes_is_said_and_no_layout_guessed(backend: Backend) -> None:
    said = refused(Classifies(4, 7), polynet.state(Classifies(4, 10)))
    assert "fc.weight is for 10 classes in the checkpoint, and for 7 in the network" in said
    assert "layout" not in said.splitlines()[0]


def test_another_width_is_no_number_of_classes(backend: Backend) -> None:
    assert "classes in the checkpoint" not in refused(Classifies(4, 7), polynet.state(Classifies(5, 7)))
    assert "classes in the checkpoint" not in refused(Classifies(4, 7), {"fc.bias": np.zeros(7, np.float32)})


def test_a_table_of_positions_is_no_classifier(backend: Backend) -> None:
    small: dict[str, Any] = {"img_size": 32, "embed_dim": 4, "depths": (2,), "num_heads": (1,)}
    nets = [polynet.build("swin_tiny_patch4_window7_224", window_size=side, **small) for side in (2, 4)]
    assert "classes in the checkpoint" not in refused(nets[0], polynet.state(nets[1]))


def test_a_run_is_not_resumed_into_other_classes_and_says_so(backend: Backend, tmp_path: Any) -> None:
    from polynet.train.checkpoint import resume, save_checkpoint
    from polynet.train.engine import Engine
    from polynet.train.tasks.classification import ClassificationTask

    save_checkpoint(Engine(ClassificationTask(Classifies(4, 10))), tmp_path / "ten.safetensors")
    with pytest.raises(WeightsError, match="is for 10 classes in the checkpoint, and for 7 in the network"):
        resume(Engine(ClassificationTask(Classifies(4, 7))), tmp_path / "ten.safetensors")


@pytest.mark.parametrize("name", ["eva02_tiny_patch14_224", "resnet18"])
def test_weights_without_a_classifier_say_so_and_what_to_do(backend: Backend, tmp_path: Any, name: str) -> None:
    small: dict[str, Any] = {"depth": 1, "img_size": 28} if name.startswith("eva") else {}
    net = polynet.build(name, backend=backend, seed=0, num_classes=3, **small)
    body = {key: array + 1 for key, array in polynet.state(net).items() if not key.startswith("head.")}
    classifier = [key for key in polynet.state(net) if key.startswith("head.")]
    said = refused(net, body).splitlines()[0]
    assert said.startswith("The weights have no classifier, and nothing else is missing.")
    assert "num_classes=0" in said
    assert "adapt=True" in said

    before = polynet.state(net)
    report = polynet.load_state(net, body, adapt=True)
    after = polynet.state(net)
    assert report.ok
    assert list(report.kept) == classifier
    assert all(np.array_equal(after[key], before[key]) for key in classifier)
    assert all(np.array_equal(after[key], body[key]) for key in body)

    features = polynet.build(name, backend=backend, seed=0, num_classes=0, **small)
    assert polynet.load_state(features, body).ok


def test_weights_that_lack_more_than_the_classifier_are_not_said_to_lack_that_alone(backend: Backend) -> None:
    net = polynet.build("resnet18", backend=backend, seed=0, num_classes=3)
    body = {key: array for key, array in polynet.state(net).items() if not key.startswith(("head.", "stem."))}
    assert "have no classifier" not in refused(net, body)
