"""Surroundings of the documentation's examples: their names, an active backend, a seed, and a directory to write in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def example_surroundings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give every doctest `polynet`, `nn`, `ops` and `np`, with torch active; the examples show torch's output."""
    if not isinstance(request.node, pytest.DoctestItem):
        yield
        return
    import numpy as np

    import polynet
    from polynet.backend import find_backend, use_backend

    if not find_backend("torch").installed:
        pytest.skip("the examples show torch's output, and torch is not installed")
    names: dict[str, Any] = request.getfixturevalue("doctest_namespace")
    names.update(polynet=polynet, nn=polynet.nn, ops=polynet.ops, np=np)
    request.getfixturevalue("monkeypatch").chdir(request.getfixturevalue("tmp_path"))
    with use_backend("torch") as backend:
        backend.seed(0)
        yield
