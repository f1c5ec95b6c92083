"""The one table of exceptions to a relative difference of 1e-5, each with its cause.

An error above 1e-5 is a bug until the cause is written here. A cause names the framework, what it computes differently,
and how that was established.
"""

from __future__ import annotations

from typing import NamedTuple

DEFAULT = 1e-5


class Tolerance(NamedTuple):
    """How much a comparison may differ, relative to the largest expected value, and why."""

    relative: float
    cause: str


EXCEPTIONS: dict[str, Tolerance] = {}


def tolerance(case: str) -> float:
    """The relative difference a named case may have: 1e-5 unless the table says otherwise."""
    return EXCEPTIONS[case].relative if case in EXCEPTIONS else DEFAULT
