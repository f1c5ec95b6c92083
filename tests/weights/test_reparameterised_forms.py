"""Weights of networks with parallel branches, for the form that they are not of."""

from __future__ import annotations

from pathlib import Path

import pytest

import polynet
from polynet.backend import Backend
from polynet.errors import OptionError, WeightsError


@pytest.mark.parametrize("layout", ["polynet", "timm"])
def test_the_error_says_which_form_the_weights_are_of(backend: Backend, tmp_path: Path, layout: str) -> None:
    net = polynet.build("repvgg_a0", backend=backend, seed=0, num_classes=7)
    deployed = net.to_deploy()
    polynet.save(net, tmp_path / "trained.safetensors", layout=layout)
    polynet.save(deployed, tmp_path / "deployed.safetensors", layout=layout)
    with pytest.raises(WeightsError, match=r"training form.* without deploy and call to_deploy"):
        polynet.load(deployed, tmp_path / "trained.safetensors")
    with pytest.raises(WeightsError, match=r"deployed form.*deploy=True"):
        polynet.load(net, tmp_path / "deployed.safetensors")


def test_weights_of_another_network_are_of_neither_form(backend: Backend) -> None:
    net = polynet.build("repvgg_a0", backend=backend, seed=0, num_classes=7)
    others = polynet.state(polynet.build("resnet18", backend=backend, seed=0))
    for form in (net, net.to_deploy()):
        with pytest.raises(WeightsError) as caught:
            polynet.load_state(form, others)
        assert "deploy" not in str(caught.value)


def test_a_network_without_branches_says_that_it_has_none(backend: Backend) -> None:
    with pytest.raises(OptionError, match=r"ResNet has no parallel branches to merge; RepVGG"):
        polynet.build("resnet18", backend=backend, seed=0).to_deploy()
