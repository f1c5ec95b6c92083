from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.errors import InputError, OptionError
from polynet.metrics.accuracy import AccuracyMetric
from polynet.registry import METRICS
from tests.compare import assert_close

LOGITS = np.eye(6, dtype=np.float32)[:4]
LABELS = np.array([0, 1, 3, 3], np.int64)


def numbers(result: OrderedDict[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in result.items()}


@pytest.mark.checklist("S0-32", "S0-33", "S1-22")
@pytest.mark.parametrize(
    ("topk", "expected"),
    [
        (1, {"acc@1": 0.75}),
        ([1, 5], {"acc@1": 0.75, "acc@5": 1.0}),
        ((5, 1, 3), {"acc@5": 1, "acc@1": 0.75, "acc@3": 0.75}),
    ],
)
def test_named_scalars_come_in_the_order_of_topk(backend: Backend, topk: Any, expected: dict[str, float]) -> None:
    result = METRICS.build({"name": "AccuracyMetric", "topk": topk})(ops.tensor(LOGITS), ops.tensor(LABELS))
    assert isinstance(result, OrderedDict)
    assert list(result) == list(expected)
    assert numbers(result) == expected
    for value in result.values():
        assert isinstance(value, backend.tensor_types)
        assert tuple(value.shape) == ()
        assert value.item() == float(value)


@pytest.mark.checklist("S0-36")
def test_tensors_and_arrays_count_alike(backend: Backend) -> None:
    logits = np.random.standard_normal((50, 7)).round(1).astype(np.float32)  # rounded, so that some are equal
    labels = np.random.randint(0, 7, 50)
    metric = AccuracyMetric([1, 2, 7])
    of_arrays = metric(logits, labels)
    assert all(isinstance(value, np.float32) for value in of_arrays.values())
    for given in (ops.tensor(labels), labels, labels.tolist()):
        of_tensors = metric(ops.tensor(logits), given)
        for key, value in of_tensors.items():
            assert_close(value, np.asarray(of_arrays[key]), what=key)
    assert numbers(metric(logits, ops.tensor(labels))) == pytest.approx(numbers(of_arrays))
    assert numbers(of_arrays)["acc@7"] == 1.0


@pytest.mark.checklist("S0-33")
def test_top_k_agrees_with_scikit_learn(backend: Backend) -> None:
    judge = pytest.importorskip("sklearn.metrics")
    logits, labels = np.random.standard_normal((200, 9)).astype(np.float32), np.random.randint(0, 9, 200)
    result = AccuracyMetric([1, 3, 5])(ops.tensor(logits), ops.tensor(labels))
    for k in (1, 3, 5):
        expected = judge.top_k_accuracy_score(labels, logits, k=k, labels=range(9))
        assert result[f"acc@{k}"].item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.checklist("S0-35")
def test_a_call_records_no_gradient(backend: Backend) -> None:
    x = backend.parameter(LOGITS)
    labels = ops.tensor(LABELS)
    kept: list[Any] = []

    def loss() -> Any:
        kept.extend(AccuracyMetric(1)(x * 2.0, labels).values())
        return ops.sum(x * x) + ops.sum(kept[0])

    _, (gradient,) = backend.differentiate(loss, [x])
    assert_close(gradient, 2 * LOGITS)
    assert not getattr(kept[0], "requires_grad", False)


@pytest.mark.checklist("S0-34")
def test_further_variables_may_be_given(backend: Backend) -> None:
    label_map = np.tile(np.array([5, 4, 3, 2, 1, 0]), (4, 1))
    metric = AccuracyMetric(1)
    expected = {"top@1": 0.25}  # the classes found, 0 to 3, stand for the labels 5, 4, 3 and 2
    assert numbers(metric(LOGITS, LABELS, label_map=label_map, prefix="top")) == expected
    given = ops.tensor(LOGITS), ops.tensor(LABELS)
    assert numbers(metric(*given, label_map=ops.tensor(label_map), prefix="top")) == expected


@pytest.mark.checklist("S0-37")
def test_more_than_there_are_classes_is_refused_with_both_numbers(backend: Backend) -> None:
    for logits in (LOGITS, ops.tensor(LOGITS)):
        with pytest.raises(InputError, match=r"topk=7 is more than the 6 classes"):
            AccuracyMetric([1, 7])(logits, LABELS)


def test_a_network_that_diverged_scores_nothing(backend: Backend) -> None:
    logits = np.full((4, 6), np.nan, np.float32)
    for given in (logits, ops.tensor(logits)):
        assert numbers(AccuracyMetric([1, 6])(given, LABELS)) == {"acc@1": 0.0, "acc@6": 0.0}


def test_labels_that_are_no_class_are_never_right(backend: Backend) -> None:
    for logits in (LOGITS, ops.tensor(LOGITS)):
        assert numbers(AccuracyMetric([1, 6])(logits, np.array([0, 6, -1, 3]))) == {"acc@1": 0.5, "acc@6": 0.5}


@pytest.mark.parametrize("topk", [0, -1, True, "1", [], [1, 0], None, 1.0])
def test_wrong_topk_is_refused(topk: Any) -> None:
    with pytest.raises(OptionError, match="topk is a whole number"):
        AccuracyMetric(topk)


@pytest.mark.parametrize(("rows", "count"), [((4, 6), 3), ((4,), 4), ((0, 6), 0)])
def test_shapes_that_do_not_go_together_are_refused(backend: Backend, rows: tuple[int, ...], count: int) -> None:
    with pytest.raises(InputError):
        AccuracyMetric()(ops.zeros(rows), np.zeros(count, np.int64))
