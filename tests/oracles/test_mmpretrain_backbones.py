"""Backbones compute what MMPretrain's compute with the same weights, under the same names in the same order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import polynet
from polynet import ops
from polynet.backend import Backend
from polynet.registry import BACKBONES
from tests.compare import assert_close
from tests.oracles.mmpretrain_case import TOLERANCE, MMPretrainCase, read_case

CLASSIFIERS = ("resnet50", "resnet18_cifar10")


def backbone_of(case: MMPretrainCase, config: Mapping[str, Any], backend: Backend) -> Any:
    """The case's backbone with the case's weights, in evaluation mode."""
    with backend.building():
        net = BACKBONES.build(config)
    weights = case.weights("backbone")
    assert list(backend.slots(net)) == list(weights)
    polynet.load_state(net, weights)
    return net.eval()


@pytest.mark.checklist("S3-5", "S3-26")
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_output_is_that_of_mmpretrain(name: str, backend: Backend) -> None:
    case = read_case(name)
    net = backbone_of(case, case.model["backbone"], backend)
    with ops.no_grad():
        outs = net(ops.tensor(case.images()))
    assert isinstance(outs, tuple)
    assert_close(outs[-1], case.output("out/backbone.0"), TOLERANCE, what=name)
