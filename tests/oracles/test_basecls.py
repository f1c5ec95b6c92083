"""Networks compute what BaseCls computes with the same weights, and are as large as BaseCls's."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.registry import NETWORKS
from polynet.weights import load_state, to_layout
from polynet.weights.layouts.own_constants import constants_of
from tests.compare import assert_close
from tests.oracles.fill import case_names, read_case

ZOO: dict[str, list[object]] = json.loads((Path(__file__).parent / "basecls_zoo.json").read_text())
OURS = sorted(name for name in ZOO if name in NETWORKS)


@pytest.mark.parametrize("name", case_names())
def test_output_is_that_of_basecls(name: str, backend: Backend) -> None:
    case = read_case(name)
    with backend.building():
        net = NETWORKS.get(name, backend=backend)()
    report = load_state(net, case.weights(), layout="basecls")
    assert report.ok
    net.eval()
    with ops.no_grad():
        output = net(ops.tensor(case.images()))
    assert_close(output, case.output(), case.tolerance, what=name)


def test_every_family_here_is_in_the_zoo() -> None:
    families = {str(ZOO[name][0]) for name in OURS}
    assert {"resnet", "vgg", "vit"} <= families
    assert {name for name, (family, *_) in ZOO.items() if family in families} == set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_parameters_and_state_are_as_many_as_in_basecls(name: str) -> None:
    _, parameters, keys = ZOO[name]
    with use_backend("shapes") as shapes:
        net = NETWORKS.get(name)()
    slots = shapes.slots(net)
    counted = sum(math.prod(slot.shape) for slot in slots.values() if slot.kind == "parameter")
    # BaseCls's files also keep constants that are computed here; arrays of one number take no memory.
    state = {name: np.broadcast_to(np.float32(0), slot.shape) for name, slot in slots.items()}
    written = to_layout(state, "basecls", net.family, constants_of(net))
    assert (counted, len(written)) == (parameters, keys)


@pytest.mark.parametrize("name", case_names())
def test_a_file_for_basecls_has_its_names_and_shapes(name: str) -> None:
    case = read_case(name)
    with use_backend("shapes") as shapes:
        net = NETWORKS.get(name)()
    state = {name: np.broadcast_to(np.float32(0), slot.shape) for name, slot in shapes.slots(net).items()}
    written = to_layout(state, "basecls", net.family)
    # MegEngine keeps biases of convolutions and normalisations as (1, C, 1, 1) in memory, and (C,) in files.
    assert {key: array.size for key, array in written.items()} == {
        key: math.prod(row[1]) for key, row in case.state.items()
    }
    constants = {key for key, row in case.state.items() if row[0] == "const"}
    assert {key: list(written[key].shape) for key in constants} == {key: case.state[key][1] for key in constants}
