"""The checklist's tool: what covers a row, what does not, and what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checklist.__main__ import main
from tests.checklist.rows import Row, parse, rows
from tests.checklist.verdict import RunError, Verdict, judge, told

ROOT = Path(__file__).parents[2]
ROWS = {name: Row(name, is_due, "A behaviour") for name, is_due in (("S0-1", True), ("S0-2", True), ("S2-1", False))}

Judged = Callable[[str], dict[str, Verdict]]


def run(folder: Path, code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a test file outside the project, with the project's way of noting marks."""
    (folder / "conftest.py").write_text(
        "from tests.checklist.rows import note_rows\n"
        "def pytest_configure(config):\n    config.addinivalue_line('markers', 'checklist(*rows): rows')\n"
        "def pytest_collection_modifyitems(items):\n    note_rows(items)\n"
    )
    (folder / "test_some.py").write_text("import pytest\n" + code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """Runs code and judges the rows by its record."""

    def run_and_judge(code: str) -> dict[str, Verdict]:
        run(tmp_path, code, "--junitxml=record.xml")
        return {each.row.name: each for each in judge(ROWS, tmp_path / "record.xml")}

    return run_and_judge


def test_a_row_is_covered_by_a_test_that_passes(judged: Judged) -> None:
    found = judged("@pytest.mark.checklist('S0-1', 'S2-1')\ndef test_it(): pass\n")
    assert {name: each.is_covered for name, each in found.items()} == {"S0-1": True, "S0-2": False, "S2-1": True}
    assert {name: each.is_wanting for name, each in found.items()} == {"S0-1": False, "S0-2": True, "S2-1": False}


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("assert False", "failed"),
        ("pytest.skip('not here')", "skipped"),
        ("pytest.xfail('known')", "skipped"),
    ],
)
def test_one_test_that_does_not_pass_uncovers_a_row(judged: Judged, body: str, how: str) -> None:
    found = judged(
        "@pytest.mark.checklist('S0-1')\ndef test_good(): pass\n"
        f"@pytest.mark.checklist('S0-1')\ndef test_other(): {body}\n"
    )["S0-1"]
    assert (found.tests, found.is_covered, found.is_wanting) == (2, False, True)
    assert found.trouble == (("test_some::test_other", how),)


def test_a_row_has_to_hold_on_every_framework_a_test_runs_on(judged: Judged) -> None:
    found = judged(
        "@pytest.mark.checklist('S0-1')\n@pytest.mark.parametrize('on', ['one', 'two'])\n"
        "def test_it(on): assert on == 'one'\n"
    )["S0-1"]
    assert found.trouble == (("test_some::test_it[two]", "failed"),)


def test_a_fixture_that_fails_at_the_end_uncovers_a_row(judged: Judged) -> None:
    found = judged(
        "@pytest.fixture\ndef after():\n    yield\n    raise RuntimeError\n"
        "@pytest.mark.checklist('S0-1')\ndef test_it(after): pass\n"
    )["S0-1"]
    assert not found.is_covered


def test_a_failing_test_of_a_row_for_later_counts(judged: Judged) -> None:
    assert judged("@pytest.mark.checklist('S2-1')\ndef test_it(): assert False\n")["S2-1"].is_wanting


def test_marks_of_a_class_and_of_its_methods_add_up(judged: Judged) -> None:
    found = judged(
        "@pytest.mark.checklist('S0-1')\nclass TestIt:\n"
        "    @pytest.mark.checklist('S0-2')\n    def test_one(self): pass\n"
    )
    assert found["S0-1"].is_covered
    assert found["S0-2"].is_covered


@pytest.mark.parametrize("arguments", ["'S0-999'", "'S0-1', 's0-1'", ""])
def test_a_mark_with_an_unknown_row_or_none_ends_the_run(tmp_path: Path, arguments: str) -> None:
    done = run(tmp_path, f"@pytest.mark.checklist({arguments})\ndef test_it(): pass\n")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "which is no row" in done.stderr + done.stdout


def test_modules_that_cannot_be_imported_are_no_pass(judged: Judged) -> None:
    with pytest.raises(RunError, match="test_some"):
        judged("import no_such_module\n")


def test_what_is_no_record_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "record.xml"
    assert main(["--from", str(path)]) == 2
    path.write_text("nothing")
    assert main(["--from", str(path)]) == 2
    assert "no JUnit record" in capsys.readouterr().err


def test_it_tells_each_system_and_what_is_wanting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.checklist.__main__.rows", lambda: ROWS)
    code = "@pytest.mark.checklist('S0-1')\ndef test_it(): pass\n"
    run(tmp_path, code, "--junitxml=record.xml")
    assert main(["--from", str(tmp_path / "record.xml")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("S0 Scepter")
    assert "1 of   2 rows" in lines[0]
    assert lines[1].split() == ["S0-2", "A", "behaviour", "[no", "test]"]
    assert "   not yet: S2-1" in lines
    run(tmp_path, code.replace("'S0-1'", "'S0-1', 'S0-2'"), "--junitxml=record.xml")
    assert main(["--from", str(tmp_path / "record.xml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["S0-2"]["covered"] is True


def test_the_first_failure_is_named_before_what_was_skipped() -> None:
    trouble = (("test_a", "skipped"), ("test_b", "failed"))
    assert "[failed: test_b and 1 more]" in told([Verdict(ROWS["S0-1"], 3, trouble)])


def test_the_rows_are_those_of_the_five_documents() -> None:
    count = {system: sum(row.system == system for row in rows().values()) for system in ("S0", "S1", "S2", "S3", "S4")}
    assert count == {"S0": 62, "S1": 44, "S2": 85, "S3": 70, "S4": 34}
    for system, number in count.items():
        assert [name for name in rows() if name.startswith(system)] == [f"{system}-{one + 1}" for one in range(number)]


@pytest.mark.parametrize("line", ["S0-1 | now | A\nS0-1 | now | B", "S0-1 | soon | A", "S9-1 | now | A"])
def test_rows_that_cannot_be_are_refused(line: str) -> None:
    with pytest.raises(ValueError, match="This row"):
        parse(line)
