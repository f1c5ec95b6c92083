"""Heads for several labels, or several tasks, of one image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.data.data_sample import MultiTaskDataSample
from polynet.errors import InputError, UnknownNameError
from polynet.models.heads.multi_label_cls_head import MultiLabelClsHead, MultiLabelLinearClsHead
from polynet.models.heads.multi_task_head import MultiTaskHead
from polynet.weights import state
from tests.models.heads.samples import labelled, number, scored


def test_several_labels_count_each_by_itself(backend: Backend) -> None:
    scores = np.array([[2.0, -1.0, 0.5], [0.0, 1.0, 3.0]], np.float32)
    truth = np.array([[1, 0, 1], [0, 0, 0]], np.float32)
    expected = (np.log1p(np.exp(-scores)) * truth + np.log1p(np.exp(scores)) * (1 - truth)).sum() / 2
    head = MultiLabelClsHead()
    samples = labelled([0, 2], np.array([], int))
    for given in (samples, scored(truth)):
        assert number(head.loss((ops.tensor(scores),), given)["loss"]) == pytest.approx(expected, rel=1e-6)
    with pytest.raises(InputError, match=r"labels \[3\] do not all lie from 0 to 2"):
        head.loss((ops.tensor(scores),), labelled(0, 3))


def test_classes_are_predicted_by_threshold_or_number(backend: Backend) -> None:
    scores = ops.tensor([[2.0, -1.0, 0.5], [-1.0, -2.0, -3.0]])

    def labels(**options: Any) -> list[list[int]]:
        samples = MultiLabelClsHead(**options).predict((scores,))
        return [sorted(ops.to_numpy(sample.pred_label).tolist()) for sample in samples]

    assert labels() == [[0, 2], []]
    assert labels(thr=0.2) == [[0, 1, 2], [0]]
    assert labels(topk=2) == [[0, 2], [0, 1]]
    assert labels(thr=0.9, topk=2) == [[], []]


def test_the_linear_one_has_a_layer(backend: Backend) -> None:
    head = MultiLabelLinearClsHead(3, 4)
    head.init_weights()
    assert set(state(head)) == {"fc.weight", "fc.bias"}
    assert tuple(head((ops.ones((2, 4)),)).shape) == (2, 3)


def tasks() -> MultiTaskHead:
    linear = {"type": "LinearClsHead"}
    return MultiTaskHead({"a": {**linear, "num_classes": 3}, "b": {**linear, "num_classes": 2}}, in_channels=4)


def test_each_task_is_judged_by_its_own_samples(backend: Backend) -> None:
    head = tasks()
    assert head.in_channels == 4
    x = ops.tensor(np.random.standard_normal((3, 4)).astype(np.float32))
    samples = [MultiTaskDataSample(a=sample) for sample in labelled(0, 1, 2)]
    samples[1].set_field(labelled(1)[0], "b")
    losses = head.loss((x,), samples)
    assert set(losses) == {"a_loss", "a_mask_size", "b_loss", "b_mask_size"}
    assert number(losses["a_mask_size"]) == 3
    assert number(losses["b_mask_size"]) == 1
    alone = head.task_heads["b"].loss((x[1:2],), labelled(1))
    assert number(losses["b_loss"]) == pytest.approx(number(alone["loss"]), rel=1e-6)
    none = head.loss((x,), [MultiTaskDataSample() for _ in range(3)])
    assert number(none["a_loss"]) == 0
    with pytest.raises(InputError, match="takes MultiTaskDataSample, not DataSample"):
        head.loss((x,), labelled(0, 1, 2))  # type: ignore[arg-type]  # the mistake under test


def test_every_sample_gets_a_prediction_of_each_task(backend: Backend) -> None:
    head = tasks()
    x = ops.ones((2, 4))
    given = [MultiTaskDataSample(a=labelled(1)[0]), None]
    predicted = head.predict((x,), given)
    assert predicted[0] is given[0]
    assert predicted[0].a.gt_label.tolist() == [1]
    assert [predicted[0].a.eval_mask, predicted[0].b.eval_mask, predicted[1].a.eval_mask] == [True, False, False]
    assert tuple(predicted[1].b.pred_score.shape) == (2,)
    assert {task: tuple(scores.shape) for task, scores in head((x,)).items()} == {"a": (2, 3), "b": (2, 2)}


def test_a_fault_in_a_task_names_it(backend: Backend) -> None:
    with pytest.raises(UnknownNameError, match=r"task_heads\.a: .*Did you mean 'LinearClsHead'"):
        MultiTaskHead({"a": {"type": "LinearClsHed"}})
