"""An exception from a class of the user's own is one line that says where it came from, not a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from polynet.backend import Backend
from polynet.cli import main
from polynet.registry import temporary

SOURCE = """
from polynet import nn
from polynet.registry import NETWORKS


@NETWORKS.register()
class FailsWhenMade(nn.Module):
    def __init__(self):
        super().__init__()
        self.width = 3 // 0


@NETWORKS.register()
class FailsWhenCalled(nn.Module):
    input_size = (3, 8, 8)

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.convolution(x)


@NETWORKS.register()
class Refused(nn.Module):
    input_size = (3, 8, 8)

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(5, 4, 3)

    def forward(self, x):
        return self.conv(x)
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file of networks that fail."""
    path = tmp_path / "failing_networks.py"
    path.write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    with temporary():
        yield path
    import sys

    sys.modules.pop("failing_networks", None)


def test_a_mistake_in_a_constructor_is_one_line_with_its_place(
    file: Path, backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build", "FailsWhenMade", "--import", str(file), "--backend", backend.name]) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told.startswith("polynet build: ZeroDivisionError: ")
    assert f"(in __init__, {file}:10)" in told


def test_a_mistake_in_forward_is_one_line_with_its_place(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "FailsWhenCalled", "--import", str(file)]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1
    assert "convolution" in told[0]


def test_parity_of_a_network_that_refuses_its_input_is_one_line(
    file: Path, frameworks: tuple[Backend, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    if len(frameworks) < 2:
        pytest.skip("parity needs two frameworks")
    assert main(["parity", "Refused", "--import", str(file)]) == 2
    assert "conv" in capsys.readouterr().err.strip().splitlines()[-1]


def test_the_traceback_is_shown_on_request(file: Path) -> None:
    with pytest.raises(AttributeError, match="convolution"):
        main(["--traceback", "show", "FailsWhenCalled", "--import", str(file)])
