"""What a parity check found."""

from __future__ import annotations

import json
from typing import Any

import attrs

from polynet.errors import ParityError
from polynet.proof.tolerance import Tolerance


@attrs.frozen
class Row:
    """One comparison.

    Attributes:
        section: `state`, `forward`, `gradient`, `buffer`, or `steps: NAME`.
        name: What was compared: a stage, a parameter, a loss.
        shape: Its shape; empty for a number.
        difference: Largest difference of one number between the two builds, relative to the largest number.
        first_error: First build's error against float64, over all numbers: relative, in the Euclidean norm, so that it
            may be far below the largest difference of one. `None` where it was not needed or not to be had.
        second_error: The second's.
        passed: Whether it is within the tolerance.
    """

    section: str
    name: str
    shape: tuple[int, ...]
    difference: float
    first_error: float | None
    second_error: float | None
    passed: bool


@attrs.frozen
class Report:
    """A parity check of two builds. Its text is a table; `bool(report)` is the verdict.

    Attributes:
        network: What was checked.
        backends: The two backends' names.
        tolerance: The limits used.
        rows: Every comparison.
    """

    network: str
    backends: tuple[str, str]
    tolerance: Tolerance
    rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        """Whether every comparison is within the tolerance, and there was one."""
        return bool(self.rows) and all(row.passed for row in self.rows)

    def __bool__(self) -> bool:
        """The verdict."""
        return self.passed

    @property
    def failures(self) -> tuple[Row, ...]:
        """Comparisons beyond the tolerance."""
        return tuple(row for row in self.rows if not row.passed)

    def sections(self) -> dict[str, tuple[Row, ...]]:
        """Rows by section, in order."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.section, []).append(row)
        return {section: tuple(rows) for section, rows in found.items()}

    def worst(self, section: str) -> Row:
        """The row of a section that failed, or else differs most."""
        return max(self.sections()[section], key=lambda row: (not row.passed, row.difference))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "network": self.network,
            "backends": list(self.backends),
            "passed": self.passed,
            "tolerance": attrs.asdict(self.tolerance),
            "rows": [attrs.asdict(row) for row in self.rows],
        }

    def to_json(self, **options: Any) -> str:
        """The report as JSON text; `options` go to `json.dumps`."""
        return json.dumps(self.to_dict(), **options)

    def check(self) -> Report:
        """Return the report itself if it passed.

        Raises:
            ParityError: A comparison is beyond the tolerance; the message is the report's text.
        """
        if not self.passed:
            raise ParityError(str(self))
        return self

    def summary(self) -> list[tuple[str, str, str, str, str]]:
        """Lines of a table: section or stage, compared, largest difference, errors against float64, verdict."""
        lines: list[tuple[str, str, str, str, str]] = []
        for section, rows in self.sections().items():
            if section == "forward" or section.startswith("steps"):
                lines.extend(_line(section, row.name, row) for row in rows)
                continue
            row = self.worst(section)
            verdict = all(each.passed for each in rows)
            worst = f"{len(rows)} compared, worst {row.name}"
            lines.append(_line(section, worst, attrs.evolve(row, passed=verdict)))
        return lines

    def __str__(self) -> str:
        """The table, for a plain terminal."""
        header = ("section", "what", "difference", "errors against float64", "")
        lines = [header, *self.summary()]
        widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
        text = [f"Parity of {self.network}: {self.backends[0]} and {self.backends[1]}"]
        text += [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        if self.passed:
            text.append(f"The two builds agree: {len(self.rows)} comparisons within the tolerance.")
        else:
            text.append(f"The two builds DIFFER in {len(self.failures)} of {len(self.rows)} comparisons.")
        return "\n".join(text)


def _line(section: str, name: str, row: Row) -> tuple[str, str, str, str, str]:
    errors = ""
    if row.first_error is not None and row.second_error is not None:
        errors = f"{row.first_error:.1e} / {row.second_error:.1e}"
    return section, name, f"{row.difference:.1e}", errors, "ok" if row.passed else "FAIL"
