"""`polynet convert` between files and layouts, the network named or found from the weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import polynet
from polynet.backend import Backend
from polynet.cli import main
from polynet.weights import read_checkpoint


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
    assert "--model resnet50" in capsys.readouterr().err
