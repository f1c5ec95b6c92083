"""Surroundings of the documentation's examples: their names, an active backend, a seed, and a directory to write in."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from polynet.backend import find_backend, get_backend, installed_backends, use_backend

pytest_plugins = ("tests.thinning",)

_ROOT = Path(__file__).parent
_OPTIONAL = {"polynet.tokenizers.": ("tokenizers", "ftfy")}
"""What the examples of some modules need beside a framework."""


def _module_name(path: Path) -> str | None:
    """Dotted name of a module of the library; `None` for any other file."""
    if path.suffix != ".py":
        return None
    for folder in (_ROOT / "backends", _ROOT):
        if path.is_relative_to(folder):
            parts = path.relative_to(folder).with_suffix("").parts
            is_library = parts[0].startswith("polynet") and parts[-1] != "__main__"
            return ".".join(part for part in parts if part != "__init__") if is_library else None
    return None


def _adapted_framework(name: str) -> str | None:
    """The framework whose adapter a module belongs to."""
    backend = name.partition(".")[0].removeprefix("polynet_")
    return backend if backend in ("torch", "megengine") else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the adapter of a framework that is not installed."""
    name = _module_name(collection_path)
    framework = None if name is None else _adapted_framework(name)
    return True if framework is not None and framework not in installed_backends() else None


def pytest_report_header() -> str | None:
    """Say why the documentation's examples are not collected, where they are not."""
    return None if _examples_run() else "examples: left out, since they show torch's output and torch is not installed"


def _examples_run() -> bool:
    return find_backend("torch").installed


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Iterator[None]:
    """Look for examples in the library alone, whose modules are imported by name first.

    pytest would import them by path, which would make second copies; and each test module twice, in search of examples.
    """
    name = _module_name(file_path)
    if name is not None and _examples_run() and parent.config.getoption("doctestmodules"):
        framework = _adapted_framework(name)
        if framework is not None:
            get_backend(framework)
        importlib.import_module(name)
        return (yield)
    return [found for found in (yield) if type(found) is pytest.Module]


@pytest.fixture(autouse=True)
def example_surroundings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give every doctest `polynet`, `nn`, `ops` and `np`, with torch active; the examples show torch's output."""
    if not isinstance(request.node, pytest.DoctestItem):
        yield
        return
    import numpy as np

    import polynet

    for package in next((needed for module, needed in _OPTIONAL.items() if request.node.name.startswith(module)), ()):
        pytest.importorskip(package)
    if _compares_frameworks(request.node) and not find_backend("megengine").installed:
        pytest.skip("the example compares with MegEngine, which is not installed")
    names: dict[str, Any] = request.getfixturevalue("doctest_namespace")
    names.update(polynet=polynet, nn=polynet.nn, ops=polynet.ops, np=np)
    request.getfixturevalue("monkeypatch").chdir(request.getfixturevalue("tmp_path"))
    with use_backend("torch") as backend:
        backend.seed(0)
        yield


def _compares_frameworks(item: pytest.DoctestItem) -> bool:
    return any("parity(" in example.source for example in item.dtest.examples)
