"""Weights of another library say what its network computes otherwise: the number added to variances, the windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend
from polynet.weights import load_state, state, to_layout
from polynet.weights.layouts.own_constants import constants_of
from tests.zoo.reference import TOLERANCE, drawn

SMALL: dict[str, Any] = {"img_size": 32, "depth": 1}


@pytest.mark.parametrize(("layout", "said"), [("timm", True), ("torchvision", True), ("polynet", False)])
def test_a_report_says_that_a_librarys_vit_has_another_epsilon(backend: Backend, layout: str, said: bool) -> None:
    net = polynet.build("vit_tiny_patch16_224", backend=backend.name, **SMALL)
    report = load_state(net, to_layout(state(net), layout, net.family), layout=layout)
    assert ("norm_eps=1e-06" in str(report)) == said


def test_nothing_is_said_where_the_numbers_agree(backend: Backend) -> None:
    net = polynet.build("vit_tiny_patch16_224", backend=backend.name, norm_eps=1e-6, **SMALL)
    assert not load_state(net, to_layout(state(net), "timm", net.family), layout="timm").notes


@pytest.mark.parametrize("layout", ["torchvision", "mmpretrain", "timm"])
@pytest.mark.parametrize("name", ["swin_tiny_patch4_window7_224", "swinv2_tiny_window8_256"])
@pytest.mark.parametrize(("size", "uneven"), [(64, False), (72, True)])
def test_a_report_says_where_windows_do_not_cover_a_map_evenly(
    backend: Backend, layout: str, name: str, size: int, uneven: bool
) -> None:
    small: dict[str, Any] = {"img_size": size, "window_size": 4, "embed_dim": 4, "depths": (2, 2), "num_heads": (1, 1)}
    net = polynet.build(name, backend=backend.name, **small)
    report = load_state(net, to_layout(state(net), layout, net.family, constants_of(net)), layout=layout)
    assert report.ok
    assert ("before it rolls them" in str(report)) == (uneven and layout != "timm")


@pytest.mark.parametrize("size", [128, 136])
def test_torchvisions_windows_are_ours_where_they_cover_maps_evenly(size: int) -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torchvision.models.swin_transformer")
    parts = {"block": theirs.SwinTransformerBlockV2, "downsample_layer": theirs.PatchMergingV2}
    other = theirs.SwinTransformer([4, 4], 12, [2, 2, 2], [1, 2, 4], [8, 8], num_classes=5, **parts).eval()
    other.load_state_dict({name: _lively(name, tensor) for name, tensor in other.state_dict().items()})
    small: dict[str, Any] = {
        "img_size": size,
        "embed_dim": 12,
        "depths": (2, 2, 2),
        "num_heads": (1, 2, 4),
        "num_classes": 5,
    }
    net = polynet.build("swinv2_tiny_window8_256", backend="torch", **small).eval()
    report = load_state(net, dict(other.state_dict()), layout="auto")
    images = torch.from_numpy(np.random.RandomState(1).standard_normal((1, 3, size, size)).astype(np.float32))
    with torch.no_grad():
        found, wanted = net(images).numpy(), other(images).numpy()
    difference = np.abs(found - wanted).max() / np.abs(wanted).max()
    assert report.ok
    assert bool(report.notes) == (difference > 1e-3) == (size == 136)
    assert size == 136 or difference <= TOLERANCE


def _lively(name: str, tensor: Any) -> Any:
    return tensor if "relative" in name else tensor.new_tensor(drawn(name, tuple(tensor.shape)))
