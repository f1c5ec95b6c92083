"""Parameters that are views of other memory are read as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

megengine = pytest.importorskip("megengine")

import polynet  # noqa: E402 - after the check that MegEngine is there
from polynet import nn  # noqa: E402 - likewise


def network_with_a_transposed_weight() -> tuple[Any, np.ndarray[Any, Any]]:
    numbers = np.random.default_rng(0).standard_normal((256, 512)).astype(np.float32)
    with polynet.use_backend("megengine"):
        net = nn.Sequential(nn.Linear(256, 512))
    net[0].weight = megengine.Parameter((megengine.Tensor(numbers) * 1).transpose(1, 0))
    return net, numbers.T


def overwrite_freed_memory() -> None:
    for _ in range(4):
        (megengine.Tensor(np.full((256, 512), 7, np.float32)) * 1).numpy()


def test_a_transposed_parameter_is_read_and_saved_as_it_is(tmp_path: Path) -> None:
    for attempt in range(4):
        net, expected = network_with_a_transposed_weight()
        overwrite_freed_memory()
        np.testing.assert_array_equal(polynet.state(net)["0.weight"], expected)
        path = tmp_path / f"{attempt}.safetensors"
        polynet.save(net, path)
        overwrite_freed_memory()
        with polynet.use_backend("megengine"):
            fresh = nn.Sequential(nn.Linear(256, 512))
        polynet.load(fresh, path)
        np.testing.assert_array_equal(fresh[0].weight.numpy(), expected)


def test_large_tensors_are_saved_piece_by_piece_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polynet.weights.pieces.PIECE", 4096)
    net, numbers = network_with_a_transposed_weight()
    with polynet.use_backend("megengine"):
        net.append(nn.Conv2d(32, 48, 3, groups=4))
    state = polynet.state(net)
    np.testing.assert_array_equal(state["0.weight"], numbers)
    polynet.save(net, tmp_path / "whole.safetensors")
    overwrite_freed_memory()
    found = polynet.weights.read_checkpoint(tmp_path / "whole.safetensors").tensors
    assert set(found) == set(state)
    for name, array in state.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
