"""Running some of the cases of tests that have many: `pytest --every 4`.

The environment with both frameworks runs all cases. Those with one framework are there to show that nothing needs the
other, for which some cases of each test do.
"""

from __future__ import annotations

import argparse
import zlib
from collections import defaultdict

import pytest

FEW = 8
"""Tests with no more cases than this are run whole."""


def _step(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        message = f"--every takes a whole number of at least 1, not {value!r}"
        raise argparse.ArgumentTypeError(message)
    return int(value)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every",
        type=_step,
        default=1,
        metavar="N",
        help=f"run every N-th case of each test that has more than {FEW}",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = kept_of([item.nodeid for item in items], config.getoption("every"))
    config.hook.pytest_deselected(items=[item for item, keep in zip(items, kept, strict=True) if not keep])
    items[:] = [item for item, keep in zip(items, kept, strict=True) if keep]


def kept_of(names: list[str], step: int) -> list[bool]:
    """Which of these cases, named `test[case]`, are run: those whose names have the lowest checksums.

    Every n-th in their order would be the same value of an innermost parameter again and again.
    """
    cases: dict[str, list[str]] = defaultdict(list)
    for name in names:
        cases[name.partition("[")[0]].append(name)
    kept: set[str] = set()
    for group in cases.values():
        count = len(group) if len(group) <= FEW else -(-len(group) // step)
        kept.update(sorted(group, key=lambda name: zlib.crc32(name.encode()))[:count])
    return [name in kept for name in names]
