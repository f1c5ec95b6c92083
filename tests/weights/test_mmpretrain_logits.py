"""MMPretrain's weights give MMPretrain's own outputs, on every framework."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import polynet
from polynet.weights import load_state, state, to_layout
from tests.zoo.reference import TOLERANCE, drawn

CASES = json.loads((Path(__file__).parent / "data" / "mmpretrain_logits.json").read_text())["cases"]
COMPUTED = ("relative_position_index", "attention_bias_idxs", "freqs_cos", "freqs_sin")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["theirs"])
def test_mmpretrains_weights_give_its_logits_and_come_back(backend, case, listed):
    theirs = listed(f"mmpretrain.{case['theirs']}")
    weights = {name: drawn(name, shape) for name, shape in theirs["tensors"].items() if not name.endswith(COMPUTED)}
    for name, array in weights.items() if case.get("keys_without_bias") else ():
        if name.endswith("qkv.bias"):
            array[len(array) // 3 : 2 * len(array) // 3] = 0
    net = polynet.build({"model": {"name": theirs["model"], **theirs["options"]}}, backend=backend.name)
    backend.set_training(net, False)
    report = load_state(net, weights, layout="auto")
    assert report.ok
    assert report.layout == "mmpretrain"
    images = np.random.RandomState(7).standard_normal((2, 3, case["size"], case["size"])).astype(np.float32)
    found = backend.numpy(net(backend.tensor(images)))
    wanted = np.array(case["logits"], np.float32)
    assert found.dtype == np.float32
    assert found.shape == (2, 1000)
    assert np.abs(found[:, :32] - wanted).max() <= TOLERANCE * np.abs(found).max()
    back = to_layout(state(net), "mmpretrain", net.family)
    for name, array in weights.items():
        np.testing.assert_allclose(back[name], array, rtol=0, atol=0, err_msg=name)
