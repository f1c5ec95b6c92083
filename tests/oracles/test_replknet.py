"""RepLKNets compute what the authors' code computes with the same weights, before and after merging."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.models.networks.replknet import RepLKNet
from polynet.weights import load_state, state, to_layout
from tests.compare import assert_close
from tests.oracles.replknet_cases import CASES, CLASSES, images, weights

FOLDER = Path(__file__).parent / "replknet"
SHAPES: dict[str, dict[str, dict[str, list[int]]]] = json.loads((FOLDER / "shapes.json").read_text())
TOLERANCE = 2e-5

each = pytest.mark.parametrize("case", CASES)


def stored(key: str) -> Any:
    with np.load(FOLDER / "outputs.npz") as arrays:
        return arrays[key]


def loaded(case: str, backend: Backend) -> Any:
    """Our network with their weights, in evaluation mode."""
    net = RepLKNet(**CASES[case], num_classes=CLASSES)
    their_shapes = {name: tuple(shape) for name, shape in SHAPES[case]["trained"].items()}
    assert load_state(net, weights(their_shapes), layout="replknet_pytorch").ok
    backend.set_training(net, False)
    return net


@each
def test_logits_and_stages_are_those_of_the_authors_code(case: str, backend: Backend) -> None:
    net = loaded(case, backend)
    x = backend.tensor(images())
    assert_close(net(x), stored(f"{case}/logits"), TOLERANCE, what="logits")
    for index, found in enumerate(net.forward_stages(x), start=1):
        assert_close(found, stored(f"{case}/stage{index}"), TOLERANCE, what=f"stage{index}")


@each
def test_the_merged_network_is_that_of_the_authors_code(case: str, backend: Backend) -> None:
    deployed = loaded(case, backend).to_deploy()
    assert_close(deployed(backend.tensor(images())), stored(f"{case}/deployed"), TOLERANCE, what="logits")
    spelt = to_layout(state(deployed), "replknet_pytorch", "replknet")
    found = {name: list(array.shape) for name, array in spelt.items() if not name.endswith("num_batches_tracked")}
    assert found == SHAPES[case]["deployed"]


@each
def test_names_and_shapes_are_spelt_as_theirs_and_recognised(case: str, backend: Backend) -> None:
    net = loaded(case, backend)
    spelt = to_layout(state(net), "replknet_pytorch", "replknet")
    found = {name: list(array.shape) for name, array in spelt.items() if not name.endswith("num_batches_tracked")}
    assert found == SHAPES[case]["trained"]
    assert load_state(net, spelt, layout="auto").layout == "replknet_pytorch"
