"""Whole classifiers start as MMPretrain's do: each parameter has its twin's constant, or its distribution."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend
from polynet.weights import state
from tests.oracles.mmpretrain_case import FOLDER, read_case

DEVIATIONS = 6
"""Standard errors that a mean may be off: of a thousand parameters none is by chance."""


def recorded(name: str) -> dict[str, dict[str, Any]]:
    """Mean, deviation and extremes of each parameter after MMPretrain's `init_weights`."""
    found: dict[str, dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())["init"]
    return found


@pytest.mark.checklist("S3-2", "S3-28", "S3-30")
@pytest.mark.parametrize("name", ["resnet18_cifar10", "vit_tiny_p16"])
def test_initial_weights_are_distributed_as_mmpretrains(name: str, backend: Backend) -> None:
    case = read_case(name)
    net = polynet.build({"model": case.model}, backend=backend, seed=0)
    slots = backend.slots(net)
    weights = state(net)
    parameters = [key for key, slot in slots.items() if slot.kind == "parameter"]
    expected = recorded(name)
    assert set(parameters) <= set(expected)
    assert sum(weights[key].size for key in parameters) == case.parameters
    for key in parameters:
        array, there = weights[key].astype(np.float64), expected[key]
        assert list(array.shape) == there["shape"], key
        assert slots[key].trainable is there["requires_grad"], key
        if there["std"] == 0 or array.size == 1:
            assert array.min() == pytest.approx(there["min"]), key
            assert array.max() == pytest.approx(there["max"]), key
            continue
        # Both are samples of one distribution: their means differ by the error of both, their deviations likewise.
        error = there["std"] * math.sqrt(2 / array.size)
        assert abs(array.mean() - there["mean"]) < DEVIATIONS * error, key
        assert abs(array.std() / there["std"] - 1) < DEVIATIONS / math.sqrt(array.size), key
