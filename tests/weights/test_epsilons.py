"""Weights of another library's ViT say that its normalisations add another number."""

from __future__ import annotations

import pytest

import polynet
from polynet.backend import Backend
from polynet.weights import load_state, state, to_layout

SMALL = {"img_size": 32, "depth": 1}


@pytest.mark.parametrize(("layout", "said"), [("timm", True), ("torchvision", True), ("polynet", False)])
def test_a_report_says_that_a_librarys_vit_has_another_epsilon(backend: Backend, layout: str, said: bool) -> None:
    net = polynet.build("vit_tiny_patch16_224", backend=backend.name, **SMALL)
    report = load_state(net, to_layout(state(net), layout, net.family), layout=layout)
    assert ("norm_eps=1e-06" in str(report)) == said


def test_nothing_is_said_where_the_numbers_agree(backend: Backend) -> None:
    net = polynet.build("vit_tiny_patch16_224", backend=backend.name, norm_eps=1e-6, **SMALL)
    assert not load_state(net, to_layout(state(net), "timm", net.family), layout="timm").notes
