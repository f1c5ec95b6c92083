"""`DataSample`: what its setters take, keep and refuse."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, backend_of
from polynet.data.data_sample import DataElement, DataSample, MultiTaskDataSample
from polynet.errors import InputError, OptionError


@pytest.mark.parametrize("value", [3, np.int64(3), [3], np.array([3]), (3,)])
def test_a_label_becomes_one_axis_of_whole_numbers(value: Any) -> None:
    label = DataSample().set_gt_label(value).gt_label
    assert label.dtype == np.int64
    np.testing.assert_array_equal(label, [3])


def test_tensors_stay_tensors(backend: Backend) -> None:
    sample = DataSample().set_pred_label(ops.tensor([1, 2])).set_pred_score(ops.tensor([0.5, 0.25]))
    assert backend_of(sample.pred_label) is backend
    assert ops.to_numpy(sample.pred_label).tolist() == [1, 2]
    assert ops.to_numpy(sample.pred_score).tolist() == [0.5, 0.25]
    assert sample.num_classes == 2
    mask = ops.ones((2, 2))
    assert DataSample().set_mask(mask).mask is mask
    assert DataSample().set_mask(np.eye(2)).mask.shape == (2, 2)


@pytest.mark.parametrize(
    ("setter", "value", "kind", "says"),
    [
        ("set_gt_label", "cat", TypeError, "Type <class 'str'> is not an available label type"),
        ("set_gt_label", 1.5, TypeError, "is not an available label type"),
        ("set_gt_label", [1.5], OptionError, "whole number"),
        ("set_pred_label", np.zeros((1, 2), int), InputError, "The dims of value should be 1, but got 2"),
        ("set_gt_score", np.zeros((1, 2)), InputError, "The dims of value should be 1, but got 2"),
        ("set_pred_score", 3, TypeError, "score type"),
        ("set_pred_score", ["a"], OptionError, "list of numbers"),
        ("set_mask", "all", OptionError, "list of numbers"),
    ],
)
def test_what_is_no_label_or_score_is_refused(setter: str, value: Any, kind: type[Exception], says: str) -> None:
    sample = DataSample()
    with pytest.raises(kind, match=says):
        getattr(sample, setter)(value)
    assert not list(sample)


def test_a_score_has_as_many_entries_as_there_are_classes() -> None:
    sample = DataSample(metainfo={"num_classes": 3})
    with pytest.raises(InputError, match="The length of score 2 should be equal to the num_classes 3"):
        sample.set_gt_score([0.5, 0.5])
    sample.set_gt_score([1, 0, 0])
    assert sample.gt_score.dtype == np.float32


def test_data_and_facts_are_kept_apart() -> None:
    sample = DataSample(metainfo={"sample_idx": 4})
    sample.extra = "note"
    sample.set_gt_label(1)
    assert sorted(sample.keys()) == ["extra", "gt_label"]
    assert sample.metainfo == {"sample_idx": 4}
    assert "sample_idx" in sample
    assert sample.get("nothing", 5) == 5
    assert set(sample.to_dict()) == {"extra", "gt_label", "sample_idx"}
    with pytest.raises(OptionError, match="'sample_idx' is set as metainfo already"):
        sample.set_field(1, "sample_idx")
    with pytest.raises(OptionError, match="'keys' is a method"):
        sample.set_field(1, "keys")
    with pytest.raises(AttributeError, match="DataSample has no 'gt_lable'; it has extra, gt_label, sample_idx"):
        _ = sample.gt_lable
    del sample.extra
    assert "extra" not in sample
    assert repr(DataElement(metainfo={"a": 1}, b=2)) == "DataElement(b=2, a=1)"


def test_samples_are_copied_updated_and_pickled() -> None:
    sample = DataSample(metainfo={"sample_idx": 4}).set_gt_label(1)
    for other in (sample.clone(), copy.copy(sample), copy.deepcopy(sample), pickle.loads(pickle.dumps(sample))):
        assert other.gt_label.tolist() == [1]
        assert other.sample_idx == 4
    clone = sample.clone().set_gt_label(2)
    assert sample.gt_label.tolist() == [1]
    assert sample.update(clone).gt_label.tolist() == [2]


def test_tasks_are_what_there_is_data_for() -> None:
    sample = MultiTaskDataSample(metainfo={"sample_idx": 0}, colour=DataSample().set_gt_label(1))
    assert sample.tasks == ("colour",)
    assert sample.to_dict()["colour"]["gt_label"].tolist() == [1]
