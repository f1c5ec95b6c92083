"""Prove every shipped config: `python -m benchmarks.parity_of_configs [--only PATTERN …] [--json]`.

Each config is checked by `polynet parity` in a process of its own, which is held to a time and to an amount of memory,
so that one giant neither ends the others nor the machine. The exit code is 0 where all agree.
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

CONFIGS = Path(__file__).parent.parent / "configs"
GIBIBYTE = 1 << 30
POLL = 0.2
"""Seconds between two looks at a process."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one config.

    Attributes:
        name: The config's path below `configs`.
        verdict: `agrees`, `differs`, `out of time`, `out of memory`, or `failed`.
        forward: Largest relative difference of a stage's output; `None` where there is no report.
        gradient: Largest ratio of the two builds' errors of a gradient against float64, either way round; 1 where every
            gradient agrees within the tolerance, so that none was judged.
        seconds: Wall time.
        gibibytes: Most memory the process held.
        remark: What differs, or the error.
    """

    name: str
    verdict: str
    forward: float | None
    gradient: float | None
    seconds: float
    gibibytes: float
    remark: str


def shipped(patterns: list[str] | None = None) -> list[Path]:
    """The shipped configs, `_base_` left out, whose name or path below `configs` matches one of the patterns."""
    found = sorted(path for path in CONFIGS.glob("*/*.py") if path.parent.name != "_base_")
    names = {path: (path.stem, path.relative_to(CONFIGS).as_posix()) for path in found}
    if patterns is None:
        return found
    return [path for path in found if any(fnmatch.fnmatch(name, each) for name in names[path] for each in patterns)]


def check(path: Path, steps: int, limit_seconds: float, limit_gibibytes: float) -> Outcome:
    """Check one config in a process of its own."""
    name = path.relative_to(CONFIGS).as_posix()
    command = [sys.executable, "-m", "polynet", "parity", str(path), "--steps", str(steps), "--json"]
    started = time.monotonic()
    most, stopped = 0.0, ""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen(command, stdout=output, stderr=errors, cwd=CONFIGS.parent) as child:
            while child.poll() is None:
                most = max(most, _held(child.pid))
                late, large = time.monotonic() - started > limit_seconds, most > limit_gibibytes
                if late or large:
                    stopped = "out of time" if late else "out of memory"
                    child.kill()
                time.sleep(POLL)
        written, complaint = (_text(file) for file in (output, errors))
    seconds = time.monotonic() - started
    if stopped:
        return Outcome(name, stopped, None, None, seconds, most, "")
    try:
        report = json.loads(written)
    except ValueError:
        last = (complaint.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
        return Outcome(name, "failed", None, None, seconds, most, last)
    return _read(name, report, seconds, most)


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _held(process: int) -> float:
    """Memory a process holds, in GiB; 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * resource.getpagesize() / GIBIBYTE


def _read(name: str, report: dict[str, Any], seconds: float, gibibytes: float) -> Outcome:
    """The outcome that a report tells of."""
    rows = report["rows"]
    forward = max((row["difference"] for row in rows if row["section"] == "forward"), default=None)
    errors = [row for row in rows if row["section"] == "gradient" and row["first_error"] is not None]
    worst = [max((row[side] for row in errors), default=0.0) for side in ("first_error", "second_error")]
    ratio = max(worst) / min(worst) if min(worst) > 0 else 1.0
    wrong = [f"{row['section']} {row['name']} {row['difference']:.1e}" for row in rows if not row["passed"]]
    remark = "; ".join(wrong[:3]) + (f"; {len(wrong) - 3} more" if len(wrong) > 3 else "")
    return Outcome(name, "agrees" if report["passed"] else "differs", forward, ratio, seconds, gibibytes, remark)


def _line(outcome: Outcome) -> str:
    forward = "" if outcome.forward is None else f"{outcome.forward:.1e}"
    gradient = "" if outcome.gradient is None else f"{outcome.gradient:.2f}"
    numbers = f"{forward:>8s} {gradient:>8s} {outcome.seconds:8.0f} {outcome.gibibytes:6.1f}"
    return f"{outcome.name:42s} {outcome.verdict:14s} {numbers}  {outcome.remark}".rstrip()


def _outcomes(paths: list[Path], options: argparse.Namespace) -> Iterator[Outcome]:
    for path in paths:
        yield check(path, options.steps, options.seconds, options.gibibytes)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parity_of_configs", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="PATTERN", help="configs by name or path: resnet50, 'vit/*'")
    parser.add_argument("--steps", type=int, default=1, help="steps of each optimiser (default: 1)")
    parser.add_argument("--seconds", type=float, default=1800, help="time for one config (default: 1800)")
    parser.add_argument("--gibibytes", type=float, default=8, help="memory for one config (default: 8)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    paths = shipped(options.only)
    if not paths:
        parser.error(f"no config matches {' '.join(options.only)}")
    if hasattr(os, "nice"):
        os.nice(5)
    if not options.json:
        titles = f"{'forward':>8s} {'gradient':>8s} {'seconds':>8s} {'GiB':>6s}"
        print(f"{'config':42s} {'verdict':14s} {titles}")
    outcomes = []
    for outcome in _outcomes(paths, options):
        outcomes.append(outcome)
        if not options.json:
            print(_line(outcome), flush=True)
    agreed = sum(outcome.verdict == "agrees" for outcome in outcomes)
    if options.json:
        print(json.dumps([dataclasses.asdict(outcome) for outcome in outcomes], indent=2))
    else:
        print(f"{agreed} of {len(outcomes)} configs agree.")
    return 0 if agreed == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
