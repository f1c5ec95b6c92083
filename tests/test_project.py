"""Rules of the project that no other test would notice being broken."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import polynet

ROOT = Path(__file__).parents[1]
BACKENDS = ("polynet_torch", "polynet_megengine", "polynet_shapes")
FRAMEWORKS = {"torch", "megengine", *BACKENDS}
LONGEST_FILE = 400


def neutral_files() -> list[Path]:
    return sorted((ROOT / "polynet").rglob("*.py"))


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported_packages(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


def names_a_framework(node: ast.AST) -> bool:
    """Whether an operand of a comparison is a framework's name, or a collection of them."""
    return any(isinstance(part, ast.Constant) and part.value in ("torch", "megengine") for part in ast.walk(node))


@pytest.mark.parametrize("path", neutral_files(), ids=shown)
def test_neutral_code_imports_no_framework(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not FRAMEWORKS.intersection(imported_packages(tree))


def files_that_know_no_format() -> list[Path]:
    """In `polynet/weights` the frameworks' names are those of file formats."""
    return [path for path in neutral_files() if not path.is_relative_to(ROOT / "polynet" / "weights")]


@pytest.mark.parametrize("path", files_that_know_no_format(), ids=shown)
def test_neutral_code_asks_for_no_framework_by_name(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    asked = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Compare) and names_a_framework(node)]
    assert not asked


def test_backends_know_no_network() -> None:
    for path in sorted((ROOT / "backends").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) polynet\.(models|proof|cli|demo)\b", text, re.MULTILINE), shown(path)


def test_files_are_short() -> None:
    rooms = ("polynet", "backends", "tests", "benchmarks", "examples")
    lengths = {
        shown(path): len(path.read_text(encoding="utf-8").splitlines())
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_every_package_is_typed() -> None:
    for package in (ROOT / "polynet", *(ROOT / "backends" / name for name in BACKENDS)):
        assert (package / "py.typed").is_file(), shown(package)


def test_importing_polynet_imports_no_framework_and_no_numpy() -> None:
    code = "import sys, polynet; print(*sorted({'numpy', 'torch', 'megengine', 'rich', 'attrs'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_version_is_the_same_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(polynet.__version__)}$", citation, re.MULTILINE)
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    latest = re.search(r"^## \[(?P<title>[^\]]+)\](?P<rest>.*?)(?=^## |\Z)", changes, re.MULTILINE | re.DOTALL)
    assert latest is not None
    assert polynet.__version__ in (latest["rest"] if latest["title"] == "Unreleased" else latest["title"])


def test_the_wheel_holds_what_the_library_needs(tmp_path: Path) -> None:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the wheel, is not installed")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("polynet-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        points = next(name for name in names if name.endswith(".dist-info/entry_points.txt"))
        entries = archive.read(points).decode()
    assert {"polynet/data/digits.csv.gz", "polynet/data/DIGITS.md"} <= set(names)
    assert {f"{package}/py.typed" for package in ("polynet", *BACKENDS)} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "polynet = polynet.cli:main" in entries
    assert all(f"{package}:BACKEND" in entries for package in BACKENDS)
    assert not any(name.startswith(("tests/", "backends/", "benchmarks/")) for name in names)
