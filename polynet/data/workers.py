"""What a backend's loader over worker processes is asked for, and what it gives."""

from __future__ import annotations

import abc
import gc
import multiprocessing
import signal
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.util import Finalize
from typing import Any, Protocol, TypeAlias

import attrs

from polynet.data.packing import Block
from polynet.errors import LoaderError, OptionError

START_METHODS = ("fork", "spawn", "forkserver")

Loading: TypeAlias = Callable[[Any], Block]
"""What a worker runs: from the request of one batch to its block of bytes."""


@attrs.frozen
class WorkerOptions:
    """How worker processes work.

    Attributes:
        count: How many there are, from 1.
        prefetch: How many batches each is ahead, from 1.
        timeout: Seconds after which a batch that has not come is given up; 0 for never.
        start_method: `"fork"`, `"spawn"` or `"forkserver"`.
        persistent: Whether they outlive an epoch that was read to its end, where the framework's loader can.
        pin_memory: Whether batches come in page-locked memory, where the framework has a use for it.
    """

    count: int
    prefetch: int = 2
    timeout: float = 300.0
    start_method: str = "fork"
    persistent: bool = False
    pin_memory: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse what no loader can do."""
        for name, least in (("count", 1), ("prefetch", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                shown = {"count": "num_workers"}.get(name, name)
                message = f"{shown} must be a whole number from {least}, not {value!r}."
                raise OptionError(message)
        if not isinstance(self.timeout, (int, float)) or not self.timeout >= 0:
            message = f"timeout must be a number of seconds, 0 for none, not {self.timeout!r}."
            raise OptionError(message)
        there = [name for name in START_METHODS if name in multiprocessing.get_all_start_methods()]
        if self.start_method not in there:
            message = f"start_method must be one of {', '.join(there)} on this system, not {self.start_method!r}."
            raise OptionError(message)


def default_start_method() -> str:
    """`"fork"` where there is one: the data set is then not copied, and nothing is imported anew."""
    return "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"


class WorkerLoader(abc.ABC):
    """Batches loaded by worker processes, through the framework's own loader."""

    @abc.abstractmethod
    def run(self, requests: Iterable[Any]) -> Iterator[Block]:
        """Load batches, ahead of the reader, in the order of the requests.

        Closing the iterator, or dropping it, ends the workers.

        Raises:
            LoaderError: A worker died, or gave nothing in time.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """End all workers, now; more runs may follow."""


def lost_batch(workers: Iterable[Any], seconds: float = 1.0) -> LoaderError | None:
    """What to raise when a worker has ended; `None` where all run.

    Args:
        workers: The processes.
        seconds: How long to wait for one to be seen to have ended: its connections break before that.
    """
    deadline = time.monotonic() + seconds
    while True:
        dead = [worker for worker in workers if not worker.is_alive()]
        if dead:
            ends = ", ".join(f"{worker.pid} (exit code {worker.exitcode})" for worker in dead)
            return LoaderError(
                f"Loading stopped: DataLoader worker {ends} exited unexpectedly. Exit code -9 is that of a process "
                "killed, often for want of memory; -7 that of one that found no room in /dev/shm (in a container, "
                "--shm-size makes it larger)."
            )
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.01)


def late_batch(count: int, seconds: float) -> LoaderError:
    """What to raise when no batch has come in time from so many workers."""
    return LoaderError(
        f"No batch came from the workers in {seconds:g} s; there are {count}. "
        "A longer `timeout` waits longer, 0 for ever; num_workers=0 shows where loading stands."
    )


def begin_work(*_: object) -> None:
    """Prepare the worker process that calls it.

    Ctrl-C, and often SIGTERM, reach all processes of a run: it is for the main one to decide what follows, and it may
    want its batches until it has saved everything. And objects that came by the fork are kept from the collector: it
    would write to shared pages, and run destructors of a framework that does not work here.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    gc.freeze()


def end_work(workers: Iterable[Any], done: Any, queues: Iterable[Any], seconds: float = 1.0) -> None:
    """Have workers end, those that are stuck by force.

    They are asked first: one that is killed while it looks at `done` would leave it locked.

    Args:
        workers: The processes.
        done: The event that tells them to.
        queues: Where each waits for its next request; `None` wakes it.
        seconds: How long to wait for a batch that is being loaded.
    """
    done.set()
    for requests in queues:
        requests.put(None)
    deadline = time.monotonic() + seconds
    for worker in workers:
        worker.join(max(0.0, deadline - time.monotonic()))
        if worker.is_alive():
            worker.kill()


class OwnsWorkers(Protocol):
    """What `kill_at_exit` takes.

    Attributes:
        workers_killed: Set when the process ends: its queues and events cannot be used from then on.
    """

    _workers: list[Any]
    workers_killed: bool


def kill_at_exit(owner: OwnsWorkers) -> None:
    """Kill the workers of an object that still lives when this process ends, which would otherwise wait for them.

    An exception, say, keeps what was being read alive to the end, and with it the workers.
    """
    _OWNERS.add(owner)
    if not _FINALIZERS:
        _FINALIZERS.append(Finalize(None, _kill_all, exitpriority=100))


def _kill_all() -> None:
    for owner in list(_OWNERS):
        owner.workers_killed = True
        for worker in owner._workers:
            if worker.is_alive():
                worker.kill()


_OWNERS: weakref.WeakSet[OwnsWorkers] = weakref.WeakSet()
_FINALIZERS: list[Finalize] = []
