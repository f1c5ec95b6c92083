"""Backbones compute what MMPretrain's compute with the same weights, under the same names in the same order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend
from polynet.registry import BACKBONES
from tests.compare import assert_close
from tests.oracles.mmpretrain_case import TOLERANCE, MMPretrainCase, noise, read_case

CLASSIFIERS = ("resnet50", "resnet18_cifar10", "vit_tiny_p16", "mobilenet_v2")


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


class Drawn:
    """A generator that gives the case's noise."""

    def random(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        return noise(shape).astype(dtype)


@pytest.mark.checklist("S3-37", "S3-38")
def test_masked_features_are_those_of_mmpretrain(backend: Backend) -> None:
    case = read_case("mae_tiny")
    net = backbone_of(case, case.model["backbone"], backend)
    net.generator = Drawn()
    with ops.no_grad():
        latent, mask, ids_restore = net(ops.tensor(case.images()))
    assert_close(latent, case.output("out/latent"), TOLERANCE, what="latent")
    assert_close(mask, case.output("out/mask"), what="mask")
    assert_close(ids_restore, case.output("out/ids_restore"), what="ids_restore")


@pytest.mark.checklist("S3-33")
def test_features_with_mask_tokens_are_those_of_mmpretrain(backend: Backend) -> None:
    case = read_case("maskfeat_tiny")
    net = backbone_of(case, case.model["backbone"], backend)
    with ops.no_grad():
        latent = net(ops.tensor(case.images()), ops.tensor(case.output("mask").reshape(1, -1)))
    assert_close(latent, case.output("out/latent"), TOLERANCE)
