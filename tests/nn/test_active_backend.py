"""Which backend is active, and what is said when none can be."""

from __future__ import annotations

import subprocess
import sys
import types
from typing import Any

import pytest

from polynet import backend as seam
from polynet import nn
from polynet.backend import (
    Backend,
    active_backend,
    backend_of,
    find_backend,
    get_backend,
    installed_backends,
    use_backend,
)
from polynet.errors import BackendUnavailableError, FrameworkMismatchError

RUNTIME_IMPORTS = """
import sys
before = set(sys.modules)
import {what}
heavy = {{"torch", "megengine", "numpy", "attrs", "attr", "rich", "yaml"}} & set(sys.modules) - before
print(sorted(heavy))
"""


def imported_by(what: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", RUNTIME_IMPORTS.format(what=what)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def test_importing_polynet_imports_no_framework_and_nothing_heavy() -> None:
    assert imported_by("polynet") == "[]"


def test_importing_the_layers_and_the_adapters_imports_no_framework() -> None:
    found = imported_by("polynet.nn, polynet.ops, polynet_torch, polynet_megengine")
    assert "torch" not in found
    assert "megengine" not in found


def test_importing_polynet_is_quick() -> None:
    code = "import time; start = time.perf_counter(); import polynet; print(time.perf_counter() - start)"
    times = sorted(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    )
    assert times[0] < 0.15


def test_the_innermost_context_decides(both: tuple[Backend, Backend]) -> None:
    torch, megengine = both
    with use_backend("torch") as outer:
        assert outer is torch is active_backend()
        with use_backend(megengine):
            assert active_backend() is megengine
        assert active_backend() is torch


def test_a_context_is_left_when_its_block_raises(both: tuple[Backend, Backend]) -> None:
    with use_backend(both[0]):
        with pytest.raises(RuntimeError), use_backend(both[1]):
            raise RuntimeError
        assert active_backend() is both[0]


def test_decorator_activates_for_the_call_and_may_recurse(frameworks: tuple[Backend, ...]) -> None:
    for backend in frameworks:

        @use_backend(backend)
        def build(depth: int) -> Any:
            return nn.Sequential(build(depth - 1)) if depth else nn.Linear(1, 1)

        assert backend_of(build(2)) is backend


def test_environment_variable_chooses_and_a_context_overrules_it(
    frameworks: tuple[Backend, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for backend in frameworks:
        monkeypatch.setenv("POLYNET_BACKEND", backend.name)
        assert active_backend() is backend
        for other in frameworks:
            with use_backend(other):
                assert active_backend() is other


def test_unknown_name_in_the_environment_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYNET_BACKEND", "troch")
    with pytest.raises(BackendUnavailableError, match="Did you mean 'torch'"):
        active_backend()


def test_the_only_installed_framework_needs_no_choice(
    frameworks: tuple[Backend, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POLYNET_BACKEND", raising=False)
    for backend in frameworks:
        monkeypatch.setattr(seam, "installed_backends", lambda name=backend.name: (name,))
        assert active_backend() is backend


def test_several_installed_and_none_chosen_is_an_error_that_tells_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLYNET_BACKEND", raising=False)
    monkeypatch.setattr(seam, "installed_backends", lambda: ("torch", "megengine"))
    with pytest.raises(BackendUnavailableError, match=r"torch, megengine are installed.*use_backend"):
        nn.Linear(1, 1)


def test_no_framework_installed_is_an_error_that_tells_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLYNET_BACKEND", raising=False)
    monkeypatch.setattr(seam, "installed_backends", lambda: ())
    with pytest.raises(BackendUnavailableError, match=r"pip install 'polynet\[torch\]'"):
        nn.Linear(1, 1)


@pytest.mark.parametrize("name", ["pytorch", "", None, 3, ["torch"]])
def test_unknown_backend_is_refused(name: Any) -> None:
    with pytest.raises(BackendUnavailableError, match="There is no backend"):
        get_backend(name)


def test_backend_that_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = type(find_backend("torch"))()
    monkeypatch.setattr(backend, "framework", "framework_nobody_has", raising=False)
    with pytest.raises(BackendUnavailableError, match=r"framework_nobody_has.*pip install 'polynet\[torch\]'"):
        backend.load()


def test_framework_that_fails_to_import_chains_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = type(find_backend("torch"))()
    monkeypatch.setattr(type(backend), "installed", True)

    def fail() -> None:
        raise ImportError("a shared library is missing")

    monkeypatch.setattr(backend, "_import_framework", fail)
    with pytest.raises(BackendUnavailableError, match="shared library") as caught:
        backend.load()
    assert isinstance(caught.value.__cause__, ImportError)
    assert not backend.loaded


def test_a_broken_third_partys_backend_leaves_the_others_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    broken = importlib.metadata.EntryPoint("broken", "module_nobody_has:BACKEND", seam.ENTRY_POINT_GROUP)
    monkeypatch.setitem(seam._discovered(), "broken", broken)
    assert "broken" not in installed_backends()
    assert seam.backend_of_class(dict) is None
    with pytest.raises(BackendUnavailableError, match="module_nobody_has"):
        find_backend("broken")


def test_backend_of_tells_tensors_parameters_and_modules(backend: Backend) -> None:
    for value in (backend.tensor([1.0]), nn.Parameter([1.0]), nn.Linear(1, 1)):
        assert backend_of(value) is backend


@pytest.mark.parametrize("value", [None, 3, [1.0], object(), types.SimpleNamespace()])
def test_backend_of_refuses_what_is_no_frameworks(value: Any) -> None:
    with pytest.raises(FrameworkMismatchError, match="tensor or module"):
        backend_of(value)
