"""What loading in workers does when something goes wrong: it ends clearly and soon, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.data.fetch import WorkerTracebackError
from polynet.data.loader import DataLoader
from polynet.errors import LoaderError, SampleError

SOON = 20.0
ROOT = Path(__file__).parents[2]


class Numbers:
    """A data set that does something of its own at one sample."""

    draws_globally = False

    def __init__(self, act: Callable[[], Any] | None = None, at: int = 20, size: int = 40) -> None:
        self.act, self.at, self.size = act, at, size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[Any, int]:
        if index == self.at and self.act is not None:
            self.act()
        return np.zeros((3, 64, 64), np.uint8), index


def children() -> set[int]:
    """Processes that this one started, and that run: resource trackers, which never end, are none of them."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            command = path.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and fields[0] != "Z" and b"resource_tracker" not in command:
            found.add(int(path.parent.name))
    return found


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    before = children()
    yield
    deadline = time.monotonic() + SOON
    while children() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children() - before == set()


def refuse() -> None:
    message = "a fault of the data set"
    raise KeyError(message)


def test_an_exception_in_a_worker_names_the_sample_and_is_chained(backend: Backend) -> None:
    loader = DataLoader(Numbers(refuse), 4, num_workers=2, backend=backend)
    with pytest.raises(SampleError, match="Sample 20 of Numbers could not be loaded: KeyError") as caught:
        list(loader)
    cause = caught.value.__cause__
    assert isinstance(cause, KeyError)
    assert cause.args == ("a fault of the data set",)
    assert isinstance(cause.__cause__, WorkerTracebackError)
    assert "in refuse" in str(cause.__cause__)


class PickyError(Exception):
    """An exception that a pickle cannot bring back: its arguments are not those it was made with."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")


def be_picky() -> None:
    raise PickyError(1, 2)


def test_an_exception_that_cannot_be_pickled_is_told_as_text(backend: Backend) -> None:
    with pytest.raises(SampleError, match="PickyError: 1 and 2") as caught:
        list(DataLoader(Numbers(be_picky), 4, num_workers=1, backend=backend))
    assert isinstance(caught.value.__cause__, WorkerTracebackError)
    assert "in be_picky" in str(caught.value.__cause__)


def test_batches_before_the_fault_are_given(backend: Backend) -> None:
    batches = iter(DataLoader(Numbers(refuse), 4, num_workers=2, backend=backend))
    assert [next(batches)[1].tolist() for _ in range(5)] == np.arange(20).reshape(5, 4).tolist()
    with pytest.raises(SampleError):
        next(batches)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave() -> None:
    os._exit(3)


@pytest.mark.parametrize("act", [die, leave])
def test_a_worker_that_dies_ends_loading(backend: Backend, act: Callable[[], None]) -> None:
    began = time.monotonic()
    with pytest.raises(LoaderError, match="exited unexpectedly"):
        list(DataLoader(Numbers(act), 4, num_workers=2, backend=backend))
    assert time.monotonic() - began < SOON


def test_a_worker_killed_from_outside_ends_loading_where_a_batch_is_waited_for(backend: Backend) -> None:
    before = children()
    batches = iter(DataLoader(Numbers(size=4000), 4, num_workers=2, backend=backend))
    next(batches)
    victim = min(children() - before)
    os.kill(victim, signal.SIGKILL)
    began = time.monotonic()
    while time.monotonic() - began < 0.5:
        np.zeros(10).sum()  # a training step, in which nothing may be raised
    with pytest.raises(LoaderError, match=f"{victim}.*exited unexpectedly"):
        list(batches)
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize("round_", range(5))
def test_a_worker_killed_at_any_moment_ends_loading(backend: Backend, round_: int) -> None:
    before = children()
    batches = iter(DataLoader(Numbers(size=100_000), 16, num_workers=2, backend=backend))
    next(batches)
    (victim, *_) = sorted(children() - before, key=lambda pid: (pid + round_) % 2)
    deadline = time.monotonic() + 0.05 * round_
    while time.monotonic() < deadline:
        next(batches)
    os.kill(victim, signal.SIGKILL)
    began = time.monotonic()
    with pytest.raises(LoaderError, match=f"{victim}.*exited unexpectedly"):
        list(batches)
    assert time.monotonic() - began < SOON


def sleep_long() -> None:
    time.sleep(60)


def test_a_worker_that_hangs_is_given_up(backend: Backend) -> None:
    began = time.monotonic()
    with pytest.raises(LoaderError, match=r"No batch came from the workers in 1\.5 s"):
        list(DataLoader(Numbers(sleep_long), 4, num_workers=2, timeout=1.5, backend=backend))
    assert time.monotonic() - began < SOON


def test_leaving_early_ends_the_workers(backend: Backend) -> None:
    before = children()
    for _ in DataLoader(Numbers(size=4000), 4, num_workers=2, backend=backend):
        assert len(children() - before) == 2
        break
    assert children() - before == set()


def test_dropping_a_loader_with_persistent_workers_ends_them(backend: Backend) -> None:
    before = children()
    loader = DataLoader(Numbers(), 4, num_workers=2, persistent_workers=True, backend=backend)
    list(loader)
    del loader
    assert children() - before == set()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_open_files_do_not_grow(backend: Backend) -> None:
    loader = DataLoader(Numbers(size=80), 4, num_workers=2, backend=backend)
    list(loader)
    before = open_files()
    for epoch in range(10):
        list(loader.batches(epoch))
    deadline = time.monotonic() + SOON
    while open_files() > before and time.monotonic() < deadline:
        time.sleep(0.05)  # threads of queues close theirs a little later
    assert open_files() <= before


PROGRAM = """
    import os, signal, sys, time
    import numpy as np
    import polynet
    from polynet.data.loader import DataLoader

    backend, what = sys.argv[1:]

    class Slow:
        draws_globally = False
        def __len__(self):
            return 10_000
        def __getitem__(self, index):
            time.sleep(60 if what == "stuck" and index == 12 else 0.01)
            return np.zeros(3), index

    signals = []
    if what == "deferred":
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, frame: signals.append(number))
    polynet.get_backend(backend).tensor([1.0])
    batches = DataLoader(Slow(), 4, num_workers=2, backend=backend).batches(0)
    try:
        for number, batch in enumerate(batches):
            if number == 2:
                print("running", flush=True)
            if what == "stuck" and number == 2:
                raise SystemExit(5)
            if signals:
                for _ in range(20):
                    next(batches)
                print("saved", flush=True)
                break
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def started(backend: Backend, what: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), backend.name, what]
    pipe = subprocess.PIPE
    program = subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, start_new_session=True, env=environment, cwd=ROOT
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "running\n"
    return program


def group_members(group: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def test_an_interrupt_reaches_the_main_process_alone(backend: Backend) -> None:
    program = started(backend, "plain")
    os.killpg(program.pid, signal.SIGINT)
    out, err = program.communicate(timeout=30)
    assert out == "interrupted\n"
    assert "Traceback" not in err
    assert program.returncode == 0
    assert group_members(program.pid) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_program_that_defers_signals_goes_on_loading(backend: Backend, number: signal.Signals) -> None:
    program = started(backend, "deferred")
    os.killpg(program.pid, number)
    out, err = program.communicate(timeout=30)
    assert out == "saved\n"
    assert "Traceback" not in err
    assert program.returncode == 0
    assert group_members(program.pid) == []


def test_a_program_that_ends_does_not_wait_for_stuck_workers(backend: Backend) -> None:
    program = started(backend, "stuck")
    began = time.monotonic()
    program.communicate(timeout=60)
    assert time.monotonic() - began < SOON
    assert program.returncode == 5
    assert group_members(program.pid) == []


def test_workers_end_when_the_main_process_is_killed(backend: Backend) -> None:
    program = started(backend, "plain")
    assert len(group_members(program.pid)) >= 3
    program.kill()
    program.communicate(timeout=30)
    deadline = time.monotonic() + SOON
    while group_members(program.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert group_members(program.pid) == []
