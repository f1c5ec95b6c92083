"""When one of two processes is lost, the other ends soon and says why; what was saved stays."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from polynet.backend import find_backend
from polynet.errors import DistributedError
from polynet.train.checkpoint import find_latest
from polynet.train.distributed import Place, Processes
from tests.conftest import chosen_backends
from tests.train.processes import finished, free_port, started

PROGRAM = "tests.train.failing_program"
SOON = 30.0
"""Seconds; on an idle machine it takes three."""


@pytest.fixture(params=["torch", "megengine"])
def framework(request: pytest.FixtureRequest) -> str:
    if request.param not in chosen_backends() or not find_backend("torch").installed:
        pytest.skip(f"needs {request.param}, and torch to communicate")
    return str(request.param)


@pytest.fixture
def torch_alone() -> str:
    """For what is written once, whatever the framework."""
    if "torch" not in chosen_backends():
        pytest.skip("needs torch")
    return "torch"


def seconds_and_iteration(folder: Path, rank: int) -> tuple[float, int]:
    """How long after the failure a process ended, and after how many iterations."""
    failed = float((folder / "failed").read_text(encoding="utf-8"))
    ended, iteration = (folder / f"ended {rank}").read_text(encoding="utf-8").split()
    return float(ended) - failed, int(iteration)


def last_saved(folder: Path) -> int:
    found = find_latest(folder / "run")
    assert found is not None
    return found.iter


def test_a_killed_process_ends_the_other_with_an_error(framework: str, tmp_path: Path) -> None:
    (first, output), (second, _) = finished(started(2, PROGRAM, framework, str(tmp_path), "killed", "60"))
    assert second == -signal.SIGKILL
    assert first == 1
    assert "DistributedError: Process 0 of 2 lost another one while taking a training step." in output
    assert "Nothing is heard of process 1: killed, or cut off." in output
    assert seconds_and_iteration(tmp_path, 0)[0] < SOON
    assert last_saved(tmp_path) == 3


def test_the_error_of_one_process_is_told_by_the_other(torch_alone: str, tmp_path: Path) -> None:
    (first, output), (second, own) = finished(started(2, PROGRAM, torch_alone, str(tmp_path), "raises", "60"))
    assert (first, second) == (1, 1)
    assert "KeyError: 'no such batch'" in own
    assert "Process 1 ended by KeyError: 'no such batch'." in output
    assert seconds_and_iteration(tmp_path, 0)[0] < SOON
    assert last_saved(tmp_path) == 3


def test_a_signal_to_one_process_stops_both_at_the_same_step(torch_alone: str, tmp_path: Path) -> None:
    (first, output), (second, own) = finished(started(2, PROGRAM, torch_alone, str(tmp_path), "stopped", "60"))
    assert (first, second) == (0, 128 + signal.SIGTERM), output + own
    assert {seconds_and_iteration(tmp_path, rank)[1] for rank in (0, 1)} == {4}
    assert last_saved(tmp_path) == 4


@pytest.mark.slow
def test_a_process_that_stands_still_is_waited_for_no_longer_than_was_asked(torch_alone: str, tmp_path: Path) -> None:
    processes = started(2, PROGRAM, torch_alone, str(tmp_path), "stands still", "20")
    try:
        ((first, output),) = finished(processes[:1])
    finally:
        processes[1].kill()
        finished(processes[1:])
    assert first == 1
    assert "Nothing is heard of process 1: it stands still, or is busy for longer than the others wait." in output
    assert 20 <= seconds_and_iteration(tmp_path, 0)[0] < 20 + SOON


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_whose_others_never_come_says_where_it_waited(framework: str, rank: int) -> None:
    begun, port = time.monotonic(), free_port()
    processes = Processes(Place(rank=rank, world_size=2, port=port))
    with pytest.raises(DistributedError, match=rf"Process {rank} of 2 did not meet .* 127.0.0.1:{port} within 1 s"):
        processes.start(framework, device="cpu", timeout=1)
    assert not processes.is_started
    assert time.monotonic() - begun < SOON
