"""Leaving out cases of tests that have many."""

from __future__ import annotations

import pytest

from tests.thinning import FEW, kept_of

MANY = 40


def _cases(test: str, count: int) -> list[str]:
    return [f"{test}[{number}]" for number in range(count)]


def test_a_test_of_many_cases_keeps_its_share() -> None:
    assert sum(kept_of(_cases("a.py::test_many", MANY), 4)) == MANY / 4


@pytest.mark.parametrize("name", ["a.py::test_alone", *_cases("a.py::test_few", 1)])
def test_what_is_no_case_of_many_is_kept(name: str) -> None:
    others = _cases("a.py::test_many", MANY)
    assert kept_of([*others, name], 4)[-1]
    assert all(kept_of(_cases("a.py::test_few", FEW), 4))


def test_a_case_that_one_test_leaves_out_is_kept_by_another() -> None:
    tests = [kept_of(_cases(f"a.py::test_{letter}", MANY), 4) for letter in "abcdefghijklmnop"]
    assert all(any(kept) for kept in zip(*tests, strict=True))


@pytest.mark.parametrize("step", [2, 4])
def test_no_value_of_an_innermost_parameter_is_left_out(step: int) -> None:
    cases = [f"a.py::test_many[{number}-{inner}]" for number in range(MANY) for inner in "abcd"]
    kept = [case for case, keep in zip(cases, kept_of(cases, step), strict=True) if keep]
    assert {case[-2] for case in kept} == set("abcd")


def test_every_case_runs_unless_some_are_asked_for() -> None:
    assert all(kept_of(_cases("a.py::test_many", MANY), 1))
