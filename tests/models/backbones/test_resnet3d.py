from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend, get_backend, use_backend
from polynet.errors import OptionError
from polynet.nn import initialise
from polynet.registry import BACKBONES
from tests.compare import assert_close
from tests.models.backbones.torchvision_video import (
    R2PLUS1D_18,
    R3D_18,
    drawn_weight,
    last_map,
    torchvision_name,
    video,
)

NARROW = (4, 8, 8, 8, 8)


def parameters(net: Any, classes: int = 400) -> int:
    """Parameters of a backbone with a linear classifier after it."""
    slots = get_backend("shapes").slots(net).values()
    count = sum(int(np.prod(slot.shape)) for slot in slots if slot.kind == "parameter")
    return count + int(net.out_channels + 1) * classes


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (R3D_18, 33_371_472),  # torchvision, r3d_18
        (R2PLUS1D_18, 31_505_325),  # torchvision, r2plus1d_18
        ({"name": "ResNet3D_CSN", "depth": 101}, 22_213_776),  # published: 22.21 million
        ({"name": "ResNet3D_CSN"}, 29_703_568),  # published: 29.7 million
    ],
)
def test_sizes_are_the_published_ones(config: dict[str, Any], count: int) -> None:
    with use_backend("shapes"):
        assert parameters(BACKBONES.build(config)) == count


@pytest.mark.parametrize(("config", "name"), [(R3D_18, "r3d_18"), (R2PLUS1D_18, "r2plus1d_18")])
def test_the_maps_are_those_of_torchvision(backend: Backend, config: dict[str, Any], name: str) -> None:
    net = BACKBONES.build(config).eval()
    shapes = {key: slot.shape for key, slot in backend.slots(net).items()}
    polynet.load_state(net, {key: drawn_weight(torchvision_name(key), shape) for key, shape in shapes.items()})
    assert_close(net(ops.tensor(video())), last_map(name))


@pytest.mark.checklist("S1-32")
@pytest.mark.parametrize(
    ("config", "shape"),
    [
        ({"NAME": "ResNet3D"}, (256, 2, 2, 2)),
        ({"NAME": "ResNet3D_2plus1d"}, (512, 1, 4, 4)),
        ({"NAME": "ResNet3D_CSN", "DEPTH": 26}, (2048, 1, 2, 2)),
    ],
)
def test_the_last_map_of_a_video_comes_out(config: dict[str, Any], shape: tuple[int, ...]) -> None:
    with use_backend("shapes"):
        net = BACKBONES.build(config)
        assert tuple(net(ops.zeros((2, 3, 8, 64, 64))).shape) == (2, *shape)
        assert net.out_channels == shape[0]


@pytest.mark.checklist("S1-32")
@pytest.mark.parametrize(
    "config",
    [
        {"name": "ResNet3D", "depth": 10, "non_local": [False, False, False, False, True]},
        {"name": "ResNet3D_2plus1d", "depth": 10},
        {"name": "ResNet3D_CSN", "depth": 26},
    ],
)
def test_the_frameworks_agree(both: tuple[Backend, Backend], config: dict[str, Any]) -> None:
    nets = []
    for backend in both:
        with use_backend(backend):
            net = BACKBONES.build({**config, "num_filters": NARROW})
            initialise(net, seed=1)
            nets.append(net)
    report = polynet.parity(nets, input_size=(3, 4, 16, 16), steps=0, seed=1)
    assert report.passed, str(report)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"name": "ResNet3D", "depth": 20}, "depth is 10, 16"),
        ({"name": "ResNet3D", "num_filters": [4, 8]}, "list of five"),
        ({"name": "ResNet3D", "visual_cfg": {"show": True}}, "visual_cfg must be empty"),
        ({"name": "ResNet3D_CSN", "depth": 18}, "bottleneck"),
    ],
)
def test_wrong_options_are_refused(config: dict[str, Any], says: str) -> None:
    with use_backend("shapes"), pytest.raises(OptionError, match=says):
        BACKBONES.build(config)
