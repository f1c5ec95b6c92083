"""What a finished run says of the rows, read from the JUnit record that pytest writes."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.checklist.rows import MARK, SYSTEMS, Row

_BAD = {"failure": "failed", "error": "failed", "skipped": "skipped"}


class RunError(Exception):
    """A record that cannot be judged: it is none, or modules could not even be imported."""


class Verdict(NamedTuple):
    """A row, how many tests hold it, and those that did not pass, each with how it ended."""

    row: Row
    tests: int
    trouble: tuple[tuple[str, str], ...]

    @property
    def is_covered(self) -> bool:
        """Whether there are tests, and every one passed."""
        return self.tests > 0 and not self.trouble

    @property
    def is_wanting(self) -> bool:
        """Whether this row makes the checklist fail: it is due and not covered, or a test of it failed."""
        return (self.row.is_due and not self.is_covered) or any(how == "failed" for _, how in self.trouble)


def judge(rows: Mapping[str, Row], record: str | Path) -> list[Verdict]:
    """A verdict on every row.

    Raises:
        RunError: The file is no record, or says that tests could not be collected.
    """
    try:
        cases = list(ElementTree.parse(record).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        message = f"{record} is no JUnit record of a run of pytest: {error}"
        raise RunError(message) from error
    broken = [_name(case) for case in cases if _is_uncollected(case)]
    if broken:
        message = f"These could not be collected: {', '.join(broken)}"
        raise RunError(message)
    count: defaultdict[str, int] = defaultdict(int)
    trouble: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for case in cases:
        for name in _rows_of(case):
            count[name] += 1
            how = _ending(case)
            if how != "passed":
                trouble[name][_name(case)] = how
    return [Verdict(row, count[name], tuple(trouble[name].items())) for name, row in rows.items()]


def _rows_of(case: ElementTree.Element) -> list[str]:
    return [
        name for each in case.iter("property") if each.get("name") == MARK for name in (each.get("value") or "").split()
    ]


def _ending(case: ElementTree.Element) -> str:
    """How a test ended; an error in its teardown counts as a failure."""
    endings = {_BAD[child.tag] for child in case if child.tag in _BAD}
    return "failed" if "failed" in endings else "skipped" if endings else "passed"


def _is_uncollected(case: ElementTree.Element) -> bool:
    error = case.find("error")
    return error is not None and error.get("message") == "collection failure"


def _name(case: ElementTree.Element) -> str:
    return "::".join(part for part in (case.get("classname"), case.get("name")) if part)


def told(verdicts: list[Verdict]) -> str:
    """The verdicts as text: a line for each system, then every row that is not covered."""
    lines: list[str] = []
    for system, library in SYSTEMS.items():
        own = [each for each in verdicts if each.row.system == system]
        due = [each for each in own if each.row.is_due]
        covered = sum(each.is_covered for each in due)
        later = [each for each in own if not each.row.is_due]
        beyond = sum(each.is_covered for each in later)
        lines.append(
            f"{system} {library:13s} {covered:3d} of {len(due):3d} rows due are covered by passing tests"
            + (f"; of {len(later)} for later, {beyond}" if later else "")
        )
        lines.extend(f"   {each.row.name:6s} {each.row.behaviour}  [{_reason(each)}]" for each in own if _is_told(each))
        waiting = [each.row.name for each in later if not each.is_covered and not _is_told(each)]
        if waiting:
            lines.append(f"   not yet: {' '.join(waiting)}")
    return "\n".join(lines)


def _is_told(verdict: Verdict) -> bool:
    return verdict.is_wanting or bool(verdict.trouble)


def _reason(verdict: Verdict) -> str:
    if not verdict.tests:
        return "no test"
    first, how = min(verdict.trouble, key=lambda each: each[1])
    others = len(verdict.trouble) - 1
    return f"{how}: {first}" + (f" and {others} more" if others else "")


def as_data(verdicts: list[Verdict]) -> dict[str, Any]:
    """The verdicts as plain data."""
    return {
        each.row.name: {
            "behaviour": each.row.behaviour,
            "due": each.row.is_due,
            "covered": each.is_covered,
            "tests": each.tests,
            "trouble": dict(each.trouble),
        }
        for each in verdicts
    }
