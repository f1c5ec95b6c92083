from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.errors import OptionError
from polynet.registry import HEADS
from tests.compare import assert_close
from tests.models.twins import assert_twins

ONE: list[tuple[dict[str, Any], set[str]]] = [
    ({"NAME": "ClassifierHead", "DIM": 6, "NUM_CLASSES": 4}, {"fc.weight", "fc.bias"}),
    ({"NAME": "VideoClassifierHead", "DIM": 6, "NUM_CLASSES": 4}, {"out.weight", "out.bias"}),
    ({"NAME": "CosineLinearHead", "IN_DIM": 6, "NUM_CLASSES": 4}, {"fc.weight", "fc.sigma"}),
    ({"NAME": "CosineLinearHead", "IN_DIM": 6, "NUM_CLASSES": 4, "SIGMA": False}, {"fc.weight"}),
    ({"NAME": "TransformerHead", "DIM": 6, "NUM_CLASSES": 4}, {"linear.weight", "linear.bias"}),
    (
        {"NAME": "TransformerHead", "DIM": 6, "NUM_CLASSES": 4, "PRE_LOGITS": True},
        {"linear.weight", "linear.bias", "pre_logits.fc.weight", "pre_logits.fc.bias"},
    ),
]
TWO: list[dict[str, Any]] = [
    {"NAME": "VideoClassifierHeadx2", "DIM": 6, "NUM_CLASSES": [4, 5]},
    {"NAME": "TransformerHeadx2", "DIM": 6, "NUM_CLASSES": [4, 5]},
    {"NAME": "TransformerHeadx2", "DIM": 6, "NUM_CLASSES": [4, 5], "PRE_LOGITS": True},
]


def features(rows: int = 3) -> Any:
    return np.random.standard_normal((rows, 6)).astype(np.float32)


@pytest.mark.checklist("S0-26", "S0-30")
@pytest.mark.parametrize(("config", "keys"), ONE)
def test_logits_come_out_of_features(backend: Backend, config: dict[str, Any], keys: set[str]) -> None:
    head = HEADS.build(config).eval()
    assert {name for name, slot in backend.slots(head).items() if slot.kind == "parameter"} == keys
    assert head.in_channels == 6
    x = ops.tensor(features())
    logits = head(x)
    assert tuple(logits.shape) == (3, 4)
    assert_close(head((ops.zeros((3, 6)), x)), logits, 0)


@pytest.mark.parametrize("config", TWO)
def test_two_classifiers_give_two_logits(backend: Backend, config: dict[str, Any]) -> None:
    first, second = HEADS.build(config).eval()(ops.tensor(features()))
    assert (tuple(first.shape), tuple(second.shape)) == ((3, 4), (3, 5))
    with pytest.raises(OptionError, match="two numbers"):
        HEADS.build({**config, "NUM_CLASSES": 4})


@pytest.mark.checklist("S0-62")
@pytest.mark.parametrize("config", [*(config for config, _ in ONE), *TWO])
def test_the_frameworks_agree(both: tuple[Backend, Backend], config: dict[str, Any]) -> None:
    assert_twins(both, lambda: HEADS.build(config), features())


def test_cosines_are_those_of_the_angles(backend: Backend) -> None:
    head = HEADS.build({"name": "CosineLinearHead", "in_dim": 6, "num_classes": 4})
    x, weight = features(), backend.slots(head)["fc.weight"].read()
    expected = (x / np.linalg.norm(x, axis=1, keepdims=True)) @ (weight / np.linalg.norm(weight, axis=1)[:, None]).T
    assert_close(head(ops.tensor(x)), expected)
    assert_close(head(ops.tensor(x * 7)), expected)


@pytest.mark.parametrize("name", ["ClassifierHead", "VideoClassifierHead", "TransformerHead"])
def test_features_are_dropped_in_training_alone(backend: Backend, name: str) -> None:
    head = HEADS.build({"name": name, "dim": 6, "num_classes": 4, "dropout_rate": 0.9})
    x = ops.tensor(features(50))
    dry = backend.numpy(head.eval()(x))
    assert np.abs(backend.numpy(head.train()(x)) - dry).max() > 0
    default = HEADS.build({"name": name, "dim": 6, "num_classes": 4}).dropout
    assert (default is None) == (name == "ClassifierHead")


@pytest.mark.checklist("S0-21")
def test_three_spellings_build_one_head(backend: Backend) -> None:
    built = [
        HEADS.build({"NAME": "ClassifierHead", "DIM": 6, "NUM_CLASSES": 4}),
        HEADS.build({"type": "ClassifierHead", "dim": 6, "num_classes": 4}),
        HEADS.build({"name": "ClassifierHead", "dim": 6, "num_classes": 4}),
    ]
    assert len({type(head) for head in built}) == 1
    assert {tuple(head.fc.weight.shape) for head in built} == {(4, 6)}


def test_cosine_weights_are_drawn_alike_everywhere() -> None:
    from polynet.nn import initialise

    with use_backend("shapes"):
        HEADS.build({"name": "CosineLinearHead", "in_dim": 6, "num_classes": 4})
    for name in ("torch", "megengine"):
        pytest.importorskip(name)
    drawn = []
    for name in ("torch", "megengine"):
        with use_backend(name) as backend:
            head = HEADS.build({"name": "CosineLinearHead", "in_dim": 6, "num_classes": 4})
            initialise(head, seed=3)
            drawn.append({key: slot.read() for key, slot in backend.slots(head).items()})
    for key in drawn[0]:
        np.testing.assert_array_equal(drawn[0][key], drawn[1][key])
