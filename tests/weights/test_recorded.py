"""What a file says its weights are of, and what is said where that is another network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import polynet
from polynet.backend import Backend
from polynet.weights.checkpoint import Checkpoint
from polynet.weights.recorded import recorded_config


def test_another_network_of_the_same_shapes_is_noted(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    net = polynet.build("effnet_b0", backend=backend, seed=0, num_classes=7)
    polynet.save(net, path)
    other = polynet.build("tf_efficientnet_b0", backend=backend, seed=1, num_classes=7)
    with pytest.warns(UserWarning, match="weights are of 'effnet_b0'; this network is 'tf_efficientnet_b0'"):
        report = polynet.load(other, path)
    assert report.ok
    assert "note: the file says that its weights are of 'effnet_b0'" in str(report)
    np.testing.assert_array_equal(polynet.state(other)["stem.conv.weight"], polynet.state(net)["stem.conv.weight"])
    assert polynet.load(net, path).notes == ()


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", "3", "{}"])
def test_an_entry_of_another_programs_is_no_config(text: str) -> None:
    assert recorded_config(Checkpoint({}, {"config": text})) is None
