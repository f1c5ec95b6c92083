"""`--import`: a user's own module makes names known to the commands, wherever they are started."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import polynet
from polynet.backend import Backend
from polynet.cli import main
from polynet.registry import temporary

MODULE = """
from my_neighbour import WIDTH
from polynet import nn
from polynet.registry import NETWORKS


@NETWORKS.register()
class ImportedNet(nn.Module):
    input_size = (3, 8, 8)

    def __init__(self, width=WIDTH):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)

    def forward(self, x):
        return self.conv(x)
"""
PARAMETERS_AT_WIDTH_6 = 6 * 27 + 6


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a config beside a module, below the current directory, and nothing of it on Python's path."""
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "my_nets.py").write_text(MODULE)
    (tmp_path / "nets" / "my_neighbour.py").write_text("WIDTH = 4\n")
    (tmp_path / "nets" / "net.yaml").write_text("model: {name: ImportedNet, width: 6}\n")
    (tmp_path / "nets" / "net.py").write_text(
        "from my_nets import ImportedNet\n\nmodel = dict(name=ImportedNet, width=6)\n"
    )
    (tmp_path / "nets" / "broken.py").write_text("raise RuntimeError('out of paint')\n")
    (tmp_path / "nets" / "json.py").write_text("")
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    with temporary():
        yield tmp_path / "nets"
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("my_nets", "my_neighbour", "nets"):
            del sys.modules[name]
    assert not [place for place in sys.path if place.startswith(str(tmp_path))]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any, str]:
    code = main([*words, "--json"])
    captured = capsys.readouterr()
    return code, json.loads(captured.out) if captured.out else None, captured.err


@pytest.mark.checklist("S3-19")
@pytest.mark.parametrize("config", ["nets/net.yaml", "nets/net.py"])
@pytest.mark.parametrize("module", ["my_nets", "nets/my_nets.py", "my_nets.py"])
def test_a_config_may_name_what_an_imported_module_has(
    folder: Path, capsys: pytest.CaptureFixture[str], config: str, module: str
) -> None:
    code, found, problem = run(capsys, "show", config, "--import", module)
    assert code == 0, problem
    assert found["parameters"] == PARAMETERS_AT_WIDTH_6


def test_the_current_directory_is_searched_without_a_config(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    code, found, _ = run(capsys, "list", "Imported*", "--import", "my_nets")
    assert code == 0
    assert [entry["name"] for entry in found] == ["ImportedNet"]


def test_several_are_imported_in_turn_and_more_than_once_is_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for name in ("nets/my_nets.py", "my_nets", "nets/my_nets.py") for word in ("--import", name)]
    assert run(capsys, "show", "nets/net.py", *words)[0] == 0


def test_build_and_convert_take_it_too(
    folder: Path, capsys: pytest.CaptureFixture[str], backend: Backend, tmp_path: Path
) -> None:
    first, second = str(tmp_path / "a.safetensors"), str(tmp_path / "b.pkl")
    imports = ("--import", "my_nets")
    words = ("build", "nets/net.yaml", "--backend", backend.name, "--output", first, *imports)
    code, found, problem = run(capsys, *words)
    assert code == 0, problem
    assert found["parameters"] == PARAMETERS_AT_WIDTH_6
    assert run(capsys, "convert", first, second, "--model", "nets/net.yaml", *imports)[0] == 0
    assert set(polynet.weights.read_checkpoint(second).tensors) == {"conv.weight", "conv.bias"}


@pytest.mark.parametrize("config", ["nets/net.yaml", "nets/net.py"])
def test_an_unknown_name_hints_at_it(folder: Path, capsys: pytest.CaptureFixture[str], config: str) -> None:
    code, _, problem = run(capsys, "show", config)
    assert code == 2
    assert "ImportedNet" in problem
    assert "--import my_module" in problem


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("my_netz", "no module 'my_netz'"),
        ("nets/my_netz.py", "no such file"),
        ("my nets", "takes a module such as"),
        ("broken", "RuntimeError: out of paint"),
        ("nets/broken.py", "RuntimeError: out of paint"),
        ("nets/json.py", "give the file another name"),
        ("nets/my_nets.py", "No module named 'absent'"),
    ],
)
def test_what_cannot_be_imported_is_said_and_nothing_is_left_behind(
    folder: Path, capsys: pytest.CaptureFixture[str], module: str, says: str
) -> None:
    (folder / "my_neighbour.py").write_text("import absent\n")
    code, _, problem = run(capsys, "show", "nets/net.yaml", "--import", module)
    assert code == 2
    assert says in problem
    assert not {"my_nets", "broken"} & set(sys.modules)


def test_an_option_that_would_land_beside_the_model_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, problem = run(capsys, "show", "nets/net.yaml", "width=3", "--import", "my_nets")
    assert code == 2
    assert "model.width=3" in problem
    code, found, _ = run(capsys, "show", "nets/net.yaml", "model.width=3", "--import", "my_nets")
    assert code == 0
    assert found["parameters"] == PARAMETERS_AT_WIDTH_6 // 2


@pytest.mark.parametrize("slip", ["resnet188", "efficientnet-b0"])
def test_a_slip_does_not(capsys: pytest.CaptureFixture[str], slip: str) -> None:
    code, _, problem = run(capsys, "show", slip)
    assert code == 2
    assert slip in problem
    assert "--import" not in problem


def test_a_name_that_is_merely_like_one_that_ships_does(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, problem = run(capsys, "show", "MyResNet")
    assert code == 2
    assert "Did you mean" in problem
    assert "--import my_module" in problem
