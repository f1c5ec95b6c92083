"""Which rows of the checklist are held by passing tests: `python -m tests.checklist [--from FILE] [-n N] [--json]`.

A row is covered if tests are marked with it and every one of them passed, on every framework it ran on; a test that was
skipped covers nothing. The exit code is 1 if a row that is due is not covered or a test of any row failed, and 2 if
tests could not be run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.checklist.rows import MARK, rows
from tests.checklist.verdict import RunError, as_data, judge, told

_ROOT = Path(__file__).parents[2]
_RAN = (0, 1)
"""pytest's exit codes of a run that came to its end: all passed, some failed."""


def run_marked(record: Path, processes: str | None) -> None:
    """Run the marked tests in a process of their own, and have pytest write its record.

    Raises:
        RunError: pytest did not come to its end; the message has what it said last.
    """
    command = [sys.executable, "-m", "pytest", "tests", "-q", "-m", MARK, f"--junitxml={record}"]
    if processes is not None:
        command += ["-n", processes]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in _RAN:
        said = "\n".join([*done.stdout.splitlines()[-30:], *done.stderr.splitlines()[-10:]])
        message = f"pytest ended with exit code {done.returncode}:\n{said}"
        raise RunError(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run or read, print, and say whether anything is wanting."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.checklist", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--from", dest="record", metavar="FILE", help="read what `pytest --junitxml=FILE` wrote")
    parser.add_argument("-n", dest="processes", metavar="N", help="run in N processes, with pytest-xdist")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            record = Path(options.record or Path(folder) / "record.xml")
            if options.record is None:
                run_marked(record, options.processes)
            verdicts = judge(rows(), record)
    except RunError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(as_data(verdicts), indent=2) if options.json else told(verdicts))
    return int(any(each.is_wanting for each in verdicts))


if __name__ == "__main__":
    sys.exit(main())
