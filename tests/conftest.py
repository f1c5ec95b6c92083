"""Fixtures every room shares: which backends the suite runs on, and one of them active.

The environment variable `POLYNET_TEST_BACKENDS` (`torch`, `megengine`, or both with a comma) restricts the suite;
without it the suite runs on every framework installed.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from polynet.backend import Backend, backend_names, find_backend, get_backend, installed_backends, use_backend
from tests.checklist.rows import MARK, note_rows

RESTRICTION = "POLYNET_TEST_BACKENDS"


def chosen_backends() -> tuple[str, ...]:
    """Names of the frameworks the suite runs on; an unknown name, or one not installed, ends the session."""
    wanted = os.environ.get(RESTRICTION, "").strip()
    if not wanted:
        return installed_backends()
    names = tuple(name.strip() for name in wanted.split(","))
    known = [name for name in backend_names() if find_backend(name).is_framework]
    for name in names:
        if name not in known:
            message = f"{RESTRICTION} names {name!r}; the frameworks are {', '.join(known)}."
            raise pytest.UsageError(message)
        if not find_backend(name).installed:
            message = f"{RESTRICTION} names {name!r}, which is not installed."
            raise pytest.UsageError(message)
    return names


def pytest_configure(config: pytest.Config) -> None:
    chosen_backends()
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell that starts the suite in the background has it ignore what some tests send.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", f"{MARK}(*rows): the rows of tests/checklist/rows.txt that the test holds")
    config.addinivalue_line("markers", "slow: takes more than a few seconds")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    note_rows(items)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for `backend` once on every framework."""
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", chosen_backends(), indirect=True)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Start each test from the same random numbers."""
    random.seed(0)
    np.random.seed(0)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The backend under test, active."""
    with use_backend(request.param) as active:
        active.seed(0)
        yield active


@pytest.fixture
def both() -> tuple[Backend, Backend]:
    """torch and MegEngine, neither active; the test is skipped unless both are there."""
    missing = [name for name in ("torch", "megengine") if name not in chosen_backends()]
    if missing:
        pytest.skip(f"compares two frameworks, and {' and '.join(missing)} is not installed or not chosen")
    for name in ("torch", "megengine"):
        get_backend(name).seed(0)
    return get_backend("torch"), get_backend("megengine")


@pytest.fixture
def frameworks() -> tuple[Backend, ...]:
    """Every framework the suite runs on, loaded; the test is skipped where there is none."""
    names = chosen_backends()
    if not names:
        pytest.skip("no framework is installed")
    return tuple(get_backend(name) for name in names)


@pytest.fixture
def reference() -> Backend:
    """torch, against which every other framework is judged."""
    if not find_backend("torch").installed:
        pytest.skip("compares with torch, which is not installed")
    return get_backend("torch")
