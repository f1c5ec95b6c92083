from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.errors import OptionError
from polynet.registry import LOSSES
from tests.compare import assert_close

OPTIONS: list[dict[str, Any]] = [
    {},
    {"reduction": "sum"},
    {"reduction": "none"},
    {"ignore_index": 2},
    {"label_smoothing": 0.1},
    {"label_smoothing": 0.1, "ignore_index": 0, "reduction": "sum"},
    {"weight": [1.0, 2.0, 0.5]},
    {"size_average": False},
    {"reduce": False},
    {"reduce": True, "reduction": "sum"},
]


def batch() -> tuple[Any, Any]:
    return np.random.standard_normal((5, 3)).astype(np.float32), np.array([0, 2, 1, 2, 0])


@pytest.mark.checklist("S0-31", "S0-62")
@pytest.mark.parametrize("options", OPTIONS)
def test_values_and_gradients_are_those_of_torch(backend: Backend, reference: Backend, options: dict[str, Any]) -> None:
    import torch

    logits, labels = batch()
    x = backend.parameter(logits)
    loss = LOSSES.build({"name": "CrossEntropy", **options})
    theirs = {**options, "weight": torch.tensor(options["weight"])} if "weight" in options else options
    judge_x = torch.tensor(logits, requires_grad=True)
    retired = {"reduce", "size_average"} & set(options)
    with pytest.warns(UserWarning, match="will be deprecated") if retired else contextlib.nullcontext():
        judge = torch.nn.CrossEntropyLoss(**theirs)
    expected = judge(judge_x, torch.tensor(labels))
    value = loss(x, ops.tensor(labels))
    assert_close(value, expected)
    _, (gradient,) = backend.differentiate(lambda: ops.sum(loss(x, ops.tensor(labels))), [x])
    expected.sum().backward()
    assert_close(gradient, judge_x.grad)


@pytest.mark.checklist("S0-31", "S0-62")
def test_both_frameworks_give_one_value(both: tuple[Backend, Backend]) -> None:
    logits, labels = batch()
    values = []
    for backend in both:
        with use_backend(backend):
            loss = LOSSES.build({"NAME": "CrossEntropy", "LABEL_SMOOTHING": 0.1, "IGNORE_INDEX": 1})
            values.append(loss(ops.tensor(logits), ops.tensor(labels)))
    assert_close(values[1], values[0])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"reduction": "men"}, "Did you mean 'mean'"),
        ({"label_smoothing": 1.5}, "between 0 and 1"),
        ({"label_smooth": 0.1}, "label_smooth"),
    ],
)
def test_wrong_options_are_refused(backend: Backend, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        LOSSES.build({"name": "CrossEntropy", **options})
