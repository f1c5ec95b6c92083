from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend
from polynet.errors import ConfigKeyError, InputError, OptionError
from polynet.metrics.keyed import KeyedMetric

LOGITS = np.eye(4, dtype=np.float32)
LABELS = np.array([0, 1, 2, 0])


def called_with(*values: Any) -> dict[str, Any]:
    return {"values": values}


@pytest.mark.checklist("S1-16")
@pytest.mark.parametrize("key", ["logits", "result"])
def test_outputs_are_found_by_key_whether_dictionary_or_not(backend: Backend, key: str) -> None:
    metric = KeyedMetric({"type": "accuracy", "topk": (1, 2)}, keys=[key, "gt_label"])
    for rows in (slice(0, 3), slice(3, 4)):
        output = ops.tensor(LOGITS[rows])
        batch = {"video": output, "gt_label": ops.tensor(LABELS[rows])}
        metric.add(batch, {"logits": output} if key == "logits" else output)
    assert {name: float(value) for name, value in metric.compute().items()} == {"acc@1": 0.75, "acc@2": 1.0}


@pytest.mark.checklist("S1-16")
def test_keys_lead_into_dictionaries_and_outputs_win(backend: Backend) -> None:
    metric = KeyedMetric("AccuracyMetric", keys=["meta.path", "x", "ids"])
    metric.metric = called_with
    metric.add({"meta": {"path": ["a", "b"]}, "x": 1, "ids": (1,)}, {"x": ops.tensor([2.0])})
    metric.add({"meta": {"path": ["c"]}, "x": 1, "ids": (2,)}, {"x": ops.tensor([3.0])})
    paths, x, ids = metric.compute()["values"]
    assert paths == ["a", "b", "c"]
    np.testing.assert_array_equal(x, [2.0, 3.0])
    assert ids == [1, 2]


@pytest.mark.checklist("S1-16")
def test_a_key_that_is_missing_is_named_and_nothing_is_gathered() -> None:
    metric = KeyedMetric("AccuracyMetric")
    with pytest.raises(
        ValueError, match=r"'gt_label' is in neither.*there are gt_lable, logits.*Did you mean"
    ) as caught:
        metric.add({"gt_lable": LABELS}, {"logits": LOGITS})
    assert isinstance(caught.value, ConfigKeyError)
    with pytest.raises(InputError, match="no batch was added"):
        metric.compute()
    with pytest.raises(ConfigKeyError, match=r"'path'"):
        KeyedMetric("AccuracyMetric", keys=["meta.path"]).add({"meta": {"name": 1}}, 3)


def test_what_was_computed_is_forgotten() -> None:
    metric = KeyedMetric("AccuracyMetric", keys=["result", "y"])
    metric.add({"y": LABELS}, LOGITS)
    assert metric.compute()["acc@1"] == 0.75
    metric.add({"y": LABELS[:1]}, LOGITS[:1])
    assert metric.compute()["acc@1"] == 1.0
    for wrong in ("logits", []):
        with pytest.raises(OptionError, match="a list of keys"):
            KeyedMetric("AccuracyMetric", keys=wrong)
