"""Fixtures of this room: the backend without numbers, active; and torch, whose meta device is the oracle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from polynet.backend import Backend, use_backend


@pytest.fixture
def shapes() -> Iterator[Backend]:
    with use_backend("shapes") as backend:
        yield backend


@pytest.fixture
def torch(reference: Backend) -> Any:
    return pytest.importorskip("torch")
