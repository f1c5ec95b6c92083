from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.errors import OptionError
from polynet.registry import BACKBONES
from tests.compare import assert_close
from tests.models.twins import assert_twins


def images(side: int = 32) -> Any:
    return np.random.standard_normal((2, 3, side, side)).astype(np.float32)


@pytest.mark.checklist("S0-28", "S0-56")
@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({}, (512, 1, 1)),
        ({"KERNEL_SIZE": 3}, (512, 4, 4)),
        ({"KERNEL_SIZE": 3, "FIRST_CONV_STRIDE": 2, "FIRST_MAX_POOL_STRIDE": 2}, (512, 1, 1)),
        ({"KERNEL_SIZE": 3, "USE_RELU": False, "USE_MAXPOOL": False}, (512, 4, 4)),
        ({"DEPTH": 50}, (2048, 1, 1)),
    ],
)
def test_the_last_map_comes_out(options: dict[str, Any], shape: tuple[int, ...]) -> None:
    with use_backend("shapes"):
        net = BACKBONES.build({"NAME": "ResNet", **options})
        assert tuple(net(ops.zeros((2, 3, 32, 32))).shape) == (2, *shape)
        assert net.out_channels == shape[0]
        assert (net.relu is None) == ("USE_RELU" in options)
        assert (net.maxpool is None) == ("USE_MAXPOOL" in options)


@pytest.mark.parametrize("depth", [18, 50])
def test_state_is_that_of_torchvision(backend: Backend, depth: int) -> None:
    slots = backend.slots(BACKBONES.build({"NAME": "ResNet", "DEPTH": depth}))
    last = "layer4.2.bn3" if depth == 50 else "layer4.1.bn2"
    wanted = {
        "conv1.weight",
        "bn1.running_var",
        "layer1.0.conv2.weight",
        f"{last}.bias",
        "layer2.0.downsample.0.weight",
    }
    assert wanted <= set(slots)
    assert len([name for name in slots if slots[name].kind == "parameter"]) == {18: 60, 50: 159}[depth]
    count = sum(int(np.prod(slot.shape)) for slot in slots.values() if slot.kind == "parameter")
    # torchvision's whole networks have 11,689,512 and 25,557,032, of which the classifier is 513,000 or 2,049,000.
    assert count == {18: 11_176_512, 50: 23_508_032}[depth]


@pytest.mark.checklist("S0-62")
def test_the_frameworks_agree(both: tuple[Backend, Backend]) -> None:
    assert_twins(both, lambda: BACKBONES.build({"NAME": "ResNet", "KERNEL_SIZE": 3}), images(8))


def test_it_is_the_network_of_torchvisions_plan_that_ships(backend: Backend) -> None:
    """Equal to the BaseCls-style resnet18 with the same weights, which is held to torchvision elsewhere."""
    ours = BACKBONES.build({"NAME": "ResNet"}).eval()
    theirs = polynet.build("resnet18", head=None, seed=0, backend=backend).eval()
    arrays = list(polynet.state(theirs).values())
    slots = dict(backend.slots(ours))
    by_shape = sorted(slots, key=_torchvision_order)
    assert [slots[name].shape for name in by_shape] == [array.shape for array in _ordered(polynet.state(theirs))]
    assert len(arrays) == len(by_shape)
    for name, array in zip(by_shape, _ordered(polynet.state(theirs)), strict=True):
        slots[name].write(array)
    x = ops.tensor(images())
    assert_close(ours(x), theirs(x))


def _torchvision_order(name: str) -> tuple[Any, ...]:
    stage, _, rest = name.partition(".")
    if not stage.startswith("layer"):
        return (0, 0, {"conv1": 0, "bn1": 1}[stage], name.rpartition(".")[2])
    block, _, part = rest.partition(".")
    order = {"conv1": 0, "bn1": 1, "conv2": 2, "bn2": 3, "downsample.0": 4, "downsample.1": 5}
    return (int(stage[5:]), int(block), order[part.rpartition(".")[0]], name.rpartition(".")[2])


def _ordered(state: Any) -> list[Any]:
    def key(name: str) -> tuple[Any, ...]:
        stage, *steps, leaf = name.split(".")
        if stage == "stem":
            return (0, 0, 0 if "conv" in name else 1, leaf)
        order = {"a": 0, "a_bn": 1, "b": 2, "b_bn": 3, "proj": 4, "bn": 5}
        return (int(stage[1:]), int(steps[0][1:]) - 1, order[steps[1]], leaf)

    return [state[name] for name in sorted(state, key=key)]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"DEPTH": 20}, "18, 34, 50, 101, 152, not 20"),
        ({"KERNEL_SIZE": 5}, "7 or 3"),
        ({"PRETRAINED": True}, "pretrain"),
    ],
)
def test_wrong_options_are_refused(backend: Backend, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        BACKBONES.build({"NAME": "ResNet", **options})


MLP: dict[str, Any] = {
    "NAME": "MLP",
    "IN_DIM": [6, 8, 5],
    "OUT_DIM": 4,
    "USE_BN": [True, False],
    "USE_RELU": [False, True],
}


def test_a_perceptron_has_the_layers_asked_for(backend: Backend) -> None:
    net = BACKBONES.build(MLP).eval()
    assert {name for name, slot in backend.slots(net).items() if slot.kind == "parameter"} == {
        f"{layer}.{leaf}" for layer in ("mlp.0.0", "mlp.0.1", "mlp.1.0", "fc", "bn") for leaf in ("weight", "bias")
    }
    assert tuple(net(ops.ones((3, 6))).shape) == (3, 4)
    assert net.out_channels == 4
    with pytest.raises(OptionError, match=r"use_bn.*2 layers"):
        BACKBONES.build({**MLP, "USE_BN": [True]})
    with pytest.raises(OptionError, match="in_dim is a list"):
        BACKBONES.build({**MLP, "IN_DIM": []})


@pytest.mark.checklist("S0-62", "S1-43")
@pytest.mark.parametrize("training", [False, True])
def test_perceptrons_agree(both: tuple[Backend, Backend], training: bool) -> None:
    x = np.random.standard_normal((7, 6)).astype(np.float32)
    assert_twins(both, lambda: BACKBONES.build(MLP), x, training=training)
