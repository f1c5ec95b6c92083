"""Weights in another library's layout give that library's own outputs, on every framework."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

import polynet
from polynet.weights import load, save, state, write_checkpoint

CASES = json.loads((Path(__file__).parent / "data" / "logits.json").read_text())["cases"]
TOLERANCE = 2e-5


def filled(name, shape):
    """A tensor that its foreign name alone determines."""
    draw = np.random.RandomState(zlib.crc32(name.encode()))
    if len(shape) > 1:
        return (np.sqrt(2.0 / np.prod(shape[1:])) * draw.standard_normal(shape)).astype(np.float32)
    if name.endswith(("weight", "running_var")):
        return draw.uniform(0.8, 1.2, shape).astype(np.float32)
    return (0.02 * draw.standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['layout']}-{case['theirs']}")
def test_the_librarys_weights_give_the_librarys_logits(backend, case, tmp_path, listed):
    shapes = listed(f"{case['layout']}.{case['theirs']}")["tensors"]
    path = tmp_path / "theirs.pth"
    write_checkpoint(path, {name: filled(name, shape) for name, shape in shapes.items()})
    net = polynet.build({"model": {"name": case["model"]}}, backend=backend.name)
    backend.set_training(net, False)
    assert load(net, path, layout=case["layout"]).ok
    image = np.random.RandomState(7).standard_normal((2, 3, 64, 64)).astype(np.float32)
    found = backend.numpy(net(backend.tensor(image)))
    wanted = np.array(case["logits"], np.float32)
    assert found.dtype == np.float32
    assert found.shape == (2, 1000)
    assert np.abs(found[:, :32] - wanted).max() <= TOLERANCE * np.abs(wanted).max()


@pytest.mark.parametrize("case", CASES[:1], ids=lambda case: case["theirs"])
def test_a_net_saved_in_the_librarys_layout_has_the_librarys_names(backend, case, tmp_path, listed, same):
    net = polynet.build({"model": {"name": case["model"]}}, backend=backend.name)
    save(net, tmp_path / "a.pth", layout=case["layout"])
    other = polynet.build({"model": {"name": case["model"]}}, backend=backend.name, seed=1)
    report = load(other, tmp_path / "a.pth", layout="auto")
    assert report.layout == case["layout"]
    assert report.ok
    same(state(other), state(net))
