"""Networks compute what BaseCls computes with the same weights, and are as large as BaseCls's."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.registry import NETWORKS
from polynet.weights import load_state
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
        slots = shapes.slots(NETWORKS.get(name)())
    counted = sum(math.prod(slot.shape) for slot in slots.values() if slot.kind == "parameter")
    assert (counted, len(slots)) == (parameters, keys)
