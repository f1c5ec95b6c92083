"""The rows of the checklist, and the marks by which tests say which of them they hold."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from polynet.errors import suggest

MARK = "checklist"
SYSTEMS = {"S0": "Scepter", "S1": "EssentialMC2", "S2": "MMEngine", "S3": "MMPretrain", "S4": "BaseCls"}
_FILE = Path(__file__).with_name("rows.txt")


class Row(NamedTuple):
    """One behaviour: its name, whether a test has to hold it now, and what it is."""

    name: str
    is_due: bool
    behaviour: str

    @property
    def system(self) -> str:
        """Of which document it is: `S0` to `S4`."""
        return self.name.partition("-")[0]


def parse(text: str) -> dict[str, Row]:
    """Rows by name, of lines `name | now or later | behaviour`; what begins with # is left out."""
    found: dict[str, Row] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        name, when, behaviour = (part.strip() for part in line.split("|", 2))
        if when not in ("now", "later") or name in found or name.partition("-")[0] not in SYSTEMS:
            message = f"This row is a second one of its name, of no system, or neither for now nor for later: {line}"
            raise ValueError(message)
        found[name] = Row(name, when == "now", behaviour)
    return found


@cache
def rows() -> dict[str, Row]:
    """All rows, in their order."""
    return parse(_FILE.read_text(encoding="utf-8"))


def note_rows(items: Iterable[pytest.Item]) -> None:
    """Write into each marked test's record which rows it holds.

    Raises:
        UsageError: A mark names a row that there is not, or none at all.
    """
    for item in items:
        held = [name for mark in item.iter_markers(MARK) for name in mark.args or ("",)]
        for name in held:
            if name not in rows():
                message = f"{item.nodeid} is marked with {name!r}, which is no row.{suggest(str(name), rows())}"
                raise pytest.UsageError(message)
        if held:
            item.user_properties.append((MARK, " ".join(dict.fromkeys(held))))
