"""`polynet convert` between files and layouts, the network named or found from the weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet.backend import Backend
from polynet.cli import main
from polynet.weights import read_checkpoint, to_layout, write_checkpoint
from polynet.weights.layouts.own_constants import constants_of


@pytest.mark.parametrize(
    ("name", "options"), [("resnet18", {}), ("resnet18", {"num_classes": 7}), ("mbnetv2_x035", {})]
)
def test_a_basecls_file_becomes_timms_and_returns(
    tmp_path: Path, backend: Backend, name: str, options: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = (str(tmp_path / leaf) for leaf in ("a.pkl", "b.safetensors", "c.pkl"))
    net = polynet.build(name, backend=backend, seed=0, **options)
    polynet.save(net, first, layout="basecls")
    assert main(["convert", first, second, "--from", "basecls", "--to", "timm"]) == 0
    assert name in capsys.readouterr().out
    assert not read_checkpoint(second).tensors.keys() & polynet.state(net).keys()
    assert main(["convert", second, third, "--from", "timm", "--to", "basecls", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["report"]["ok"]
    before, after = read_checkpoint(first).tensors, read_checkpoint(third).tensors
    assert before.keys() == after.keys()
    for key, array in before.items():
        np.testing.assert_array_equal(after[key], array)


def test_weights_of_no_network_of_the_zoo_ask_for_its_name(
    tmp_path: Path, backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.pkl"
    polynet.save(polynet.build("resnet18", backend=backend, seed=0, stem_w=48), path, layout="basecls")
    assert main(["convert", str(path), str(tmp_path / "b.pth"), "--to", "timm"]) == 2
    said = capsys.readouterr().err
    assert "--model NAME KEY=VALUE" in said
    assert "resnet50" not in said


def written(path: Path, name: str, layout: str, **options: Any) -> str:
    """A file of a network's names and shapes, its numbers all one; no framework is needed."""
    net = polynet.build(name, backend="shapes", **options)
    slots = polynet.get_backend("shapes").slots(net)
    state = {key: np.ones(slot.shape, slot.dtype) for key, slot in slots.items()}
    write_checkpoint(path, to_layout(state, layout, net.family, constants_of(net)), {"format": "pt"})
    return str(path)


def test_networks_that_names_and_shapes_do_not_tell_apart_are_named_and_none_is_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, made = written(tmp_path / "a.pth", "tf_efficientnet_b0", "timm"), str(tmp_path / "b.safetensors")
    assert main(["convert", path, made]) == 0
    said = capsys.readouterr().out
    assert "as effnet_b0 and tf_efficientnet_b0 have; names and shapes do not tell them apart" in said
    assert "--model" in said
    assert "config" not in read_checkpoint(made).metadata
    assert main(["convert", path, made, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["alike"] == ["effnet_b0", "tf_efficientnet_b0"]
    assert main(["convert", path, made, "--model", "tf_efficientnet_b0"]) == 0
    assert json.loads(read_checkpoint(made).metadata["config"]) == {"name": "tf_efficientnet_b0"}
    assert "tell them apart" not in capsys.readouterr().out
    # What the file records is not asked again.
    assert main(["convert", made, str(tmp_path / "c.safetensors")]) == 0
    assert "parameters of tf_efficientnet_b0." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "options"), [("hrnet_w18_small_v1", {}), ("hrnet_w18_small_v1", {"num_classes": 7}), ("vgg11_bn", {})]
)
def test_a_network_is_found_though_its_layout_has_biases_that_are_folded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, options: dict[str, int]
) -> None:
    path = written(tmp_path / "a.pth", name, "timm", **options)
    assert main(["convert", path, str(tmp_path / "b.safetensors"), "--to", "basecls"]) == 0
    assert f"parameters of {name}." in capsys.readouterr().out


def test_a_wrong_layout_is_said_to_be_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "a.pth", "convnext_tiny", "timm")
    assert main(["convert", path, str(tmp_path / "b.safetensors"), "--from", "torchvision"]) == 2
    said = capsys.readouterr().err
    assert "The names look like layout 'timm', not 'torchvision': write --from timm." in said
    assert "--model convnext_tiny" in said


def test_a_file_of_megengines_is_said_to_have_basecls_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "a.pkl", "resnet18", "basecls")
    assert main(["convert", path, str(tmp_path / "b.safetensors")]) == 0
    assert "layout polynet (BaseCls's names)" in capsys.readouterr().out


@pytest.mark.parametrize("given", [[], ["--model", "repvgg_a0"], ["--model", "repvgg_a0", "num_classes=1000"]])
def test_branches_are_merged_when_asked_for(
    tmp_path: Path, backend: Backend, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    net = polynet.build("repvgg_a0", backend=backend, seed=0)
    first, second = str(tmp_path / "a.safetensors"), str(tmp_path / "b.safetensors")
    polynet.save(net, first, config={}, layout="timm")
    assert main(["convert", first, second, *given, "--deploy"]) == 0
    assert json.loads(read_checkpoint(second).metadata["config"])["deploy"] is True
    merged = read_checkpoint(second).tensors
    deployed = polynet.build("repvgg_a0", backend=backend, deploy=True)
    assert polynet.load(deployed, second).ok
    for name, array in polynet.state(net.to_deploy()).items():
        np.testing.assert_array_equal(merged[name], array)


def test_a_network_without_branches_cannot_be_deployed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "a.pth", "resnet18", "timm")
    assert main(["convert", path, str(tmp_path / "b.safetensors"), "--deploy"]) == 2
    assert "ResNet has none; RepVGG, MobileOne and RepLKNet have." in capsys.readouterr().err
    assert not (tmp_path / "b.safetensors").exists()
