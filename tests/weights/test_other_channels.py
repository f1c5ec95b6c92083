"""Weights of a network whose first convolution is not for three channels: found, named, and what to build told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend
from polynet.cli import main
from polynet.errors import WeightsError
from polynet.weights import load_state, read_checkpoint, to_layout, write_checkpoint
from polynet.weights.layouts.own_constants import constants_of


def written(path: Path, name: str, layout: str, *, sort: bool = False, **options: Any) -> str:
    """A file of a network's names and shapes, its numbers all one; no framework is needed."""
    net = polynet.build(name, backend="shapes", **options)
    slots = polynet.get_backend("shapes").slots(net)
    state = {key: np.ones(slot.shape, slot.dtype) for key, slot in slots.items()}
    made = to_layout(state, layout, net.family, constants_of(net))
    write_checkpoint(path, dict(sorted(made.items())) if sort else made, {"format": "pt"})
    return str(path)


def message(net: Any, state: Any, **options: Any) -> str:
    with pytest.raises(WeightsError) as caught:
        load_state(net, state, **options)
    return str(caught.value).splitlines()[0]


@pytest.mark.parametrize(
    ("name", "layout", "options"),
    [
        ("resnet50", "timm", {"in_channels": 1, "num_classes": 7}),
        ("resnet18", "torchvision", {"in_channels": 4}),
        ("resnet18", "basecls", {"in_channels": 12, "num_classes": 7}),
        ("swin_tiny_patch4_window7_224", "torchvision", {"in_channels": 1, "num_classes": 7}),
        ("se_resnext50_32x4d", "timm", {"in_channels": 1, "num_classes": 7}),
        ("se_resnext50_32x4d", "timm", {"in_channels": 4}),
        ("mbnetv2_x035", "polynet", {"in_channels": 1, "num_classes": 7}),
        # Parallel branches and a depthwise convolution, which has one input as well, follow the image.
        ("repvgg_a0", "timm", {"in_channels": 1, "num_classes": 7}),
        ("mobileone_s0", "timm", {"in_channels": 1}),
        # Biases in the file that normalisations take over.
        ("hrnet_w18_small_v1", "timm", {"in_channels": 1, "num_classes": 7}),
    ],
)
def test_the_network_is_found_and_its_channels_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, layout: str, options: dict[str, int]
) -> None:
    path, made = written(tmp_path / "a.pth", name, layout, **options), str(tmp_path / "b.safetensors")
    assert main(["convert", path, made]) == 0
    said = capsys.readouterr().out
    assert f"parameters of {name}." in said
    assert f"in_channels={options['in_channels']}" in said
    assert json.loads(read_checkpoint(made).metadata["config"]) == {"name": name, **options}
    # What is recorded is not said again.
    assert main(["convert", made, str(tmp_path / "c.safetensors")]) == 0
    assert "in_channels" not in capsys.readouterr().out


@pytest.mark.parametrize("options", [{"num_classes": 7}, {"in_channels": 1, "num_classes": 7}, {"in_channels": 200}])
def test_a_file_whose_names_are_sorted_is_found_too(tmp_path: Path, options: dict[str, int]) -> None:
    path, made = written(tmp_path / "a.pth", "resnet18", "timm", sort=True, **options), str(tmp_path / "b.safetensors")
    assert main(["convert", path, made]) == 0
    assert json.loads(read_checkpoint(made).metadata["config"]) == {"name": "resnet18", **options}


def test_usual_channels_are_not_mentioned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "a.pth", "resnet18", "timm", num_classes=7)
    assert main(["convert", path, str(tmp_path / "b.safetensors")]) == 0
    assert "in_channels" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"in_channels": 1, "num_classes": 7}, "in_channels=1 num_classes=7"),
        ({"in_channels": 4}, "in_channels=4"),
        ({"num_classes": 7}, "num_classes=7"),
    ],
)
@pytest.mark.parametrize("name", ["resnet18", "repvgg_a0"])
def test_the_options_to_give_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, options: dict[str, int], wanted: str
) -> None:
    path, made = written(tmp_path / "a.pth", name, "timm", **options), str(tmp_path / "b.safetensors")
    assert main(["convert", path, made, "--model", name]) == 2
    assert wanted in capsys.readouterr().err.splitlines()[0]
    assert main(["convert", path, made, "--model", name, *wanted.split()]) == 0


def test_what_differs_in_more_is_not_told_to_differ_in_channels(backend: Backend) -> None:
    net = polynet.build("resnet18", backend=backend, seed=0, num_classes=3)
    state = polynet.state(polynet.build("resnet18", backend=backend, seed=0, num_classes=3, in_channels=1))
    said = message(net, state)
    assert said.startswith("stem.conv.weight is for images of 1 channel in the checkpoint, and of 3 in the network.")
    assert "in_channels=1, or" in said
    assert "num_classes" not in said
    assert "in_channels=1" not in message(net, {**state, "s1.b1.a.weight": np.zeros((64, 32, 3, 3), np.float32)})
    del state["s1.b1.a.weight"]
    assert "in_channels=1" not in message(net, state)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("adapt", [True, False])
def test_another_network_of_other_channels_is_recognised(backend: Backend, channels: int, adapt: bool) -> None:
    theirs = polynet.build("resnet18", backend=backend, seed=0, num_classes=7, in_channels=channels)
    state = to_layout(polynet.state(theirs), "torchvision", "resnet")
    net = polynet.build("resnet34", backend=backend, seed=0, num_classes=7)
    said = message(net, state, layout="auto", adapt=adapt)
    assert "parameters, as resnet18" in said
    assert ("with in_channels=1" in said) == (channels == 1)
    assert "the network is resnet34" in said
