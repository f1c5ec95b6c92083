"""Batches from worker processes through `megengine.data.DataLoader`.

Its worker processes and the order of its work are MegEngine's. Replaced are the parts that fail on today's systems:

* The queue. MegEngine's needs `pyarrow.plasma`, which pyarrow 12 removed; its server process, which holds up to 4 GB,
  outlives a trainer that is killed; and a batch that the server had to drop is lost without an error.
* The check of the memory, which reads a file that only the first version of control groups has, and ends with
  `ValueError` where there is the second.
* The notice of a dead worker, which is a `RuntimeError` from a signal handler, wherever the program happens to be.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import multiprocessing
import queue
import time
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import megengine.data
from megengine.data import dataloader
from megengine.data.collator import Collator
from megengine.data.dataloader import _ParallelMapDataLoaderIter
from megengine.data.dataset import Dataset
from megengine.data.sampler import MapSampler

from polynet.data.packing import Block
from polynet.data.workers import (
    Loading,
    WorkerLoader,
    WorkerOptions,
    begin_work,
    end_work,
    kill_at_exit,
    late_batch,
    lost_batch,
)
from polynet.errors import LoaderError
from polynet_megengine.quiet_fork import restore_standard_error, standard_error_away
from polynet_megengine.shared_queue import SharedMemoryQueue

_POLL_SECONDS = 1.0


class MegEngineLoader(WorkerLoader):
    """Whole batches, each one item to MegEngine.

    Workers live for one epoch: MegEngine's loader has no others.

    Args:
        load: What a worker runs.
        options: How many workers, and how they work.

    Attributes:
        native: The `megengine.data.DataLoader`.
    """

    def __init__(self, load: Loading, options: WorkerOptions) -> None:
        self._requests = _Requests()
        self._iterators: list[_Iterator] = []
        self.native = DataLoader(_Batches(load), sampler=self._requests, collator=_Only(), num_workers=options.count)
        self.native.options = options

    def run(self, requests: Iterable[Any]) -> Iterator[Block]:
        """Load batches ahead; see `WorkerLoader.run`."""
        self._requests.current = requests
        iterator = iter(self.native)
        self._iterators.append(iterator)
        try:
            yield from iterator
        finally:
            self._iterators.remove(iterator)
            iterator.close()

    def close(self) -> None:
        """End all workers."""
        for iterator in self._iterators:
            iterator.close()


class DataLoader(megengine.data.DataLoader):
    """MegEngine's loader, over another queue."""

    options: WorkerOptions

    def check_memory_rationality(self) -> None:
        """Nothing: see the head of this file."""

    def __iter__(self) -> _Iterator:
        return _Iterator(self)


class _Batches(Dataset):
    """The data set as MegEngine sees it: an item is a batch."""

    def __init__(self, load: Loading) -> None:
        self.load = load

    def __getitem__(self, request: Any) -> Block:
        return self.load(request)

    def __len__(self) -> int:
        message = "Which batches there are is for the sampler to say."
        raise TypeError(message)


class _Requests(MapSampler):
    """The sampler: whatever requests the run at hand has, one at a time."""

    def __init__(self) -> None:
        self.batch_size = 1
        self.current: Iterable[Any] = ()

    def __bool__(self) -> bool:
        """True, where MegEngine asks whether there is a sampler; it has no length to answer by."""
        return True

    def __iter__(self) -> Iterator[list[Any]]:
        return ([request] for request in self.current)


class _Only(Collator):
    """Of the one item that a batch of MegEngine's has here, the item."""

    def apply(self, inputs: tuple[Block]) -> Block:
        return inputs[0]


class _Iterator(_ParallelMapDataLoaderIter):
    """MegEngine's iterator with another queue, another start of the workers and another wait for them."""

    workers_killed = False

    def __init__(self, loader: DataLoader) -> None:
        options = loader.options
        self._shutdown = True  # until there are workers to shut down
        self.dataset, self.sampler = loader.dataset, loader.sampler
        self.transform, self.collator = loader.transform, loader.collator
        self.num_workers, self.timeout, self.prefetch = options.count, options.timeout, options.prefetch
        self.preload = self.parallel_stream = False
        self.datakind = "map"
        context: Any = multiprocessing.get_context(options.start_method)
        self._worker_queue_idx_cycle = itertools.cycle(range(self.num_workers))
        self._data_queue = SharedMemoryQueue(context)
        self._workers_done_event = context.Event()
        self._worker_pids_set = False
        self._index_queues = [context.Queue() for _ in range(self.num_workers)]
        self._workers: list[Any] = []
        self._shutdown = False
        self._workers_status = [True] * self.num_workers
        with warnings.catch_warnings(), _uncollected(), standard_error_away(options.start_method) as standard_error:
            # Workers use nothing that threads of this process may hold: no framework, and no lock but Python's own.
            warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
            for number, index_queue in enumerate(self._index_queues):
                index_queue.cancel_join_thread()
                worker = context.Process(target=_work, args=(standard_error, *self._arguments(number)), daemon=True)
                worker.start()
                self._workers.append(worker)
        kill_at_exit(self)
        self._reset()

    def close(self) -> None:
        """End all workers."""
        if not self._shutdown and not self.workers_killed:
            end_work(self._workers, self._workers_done_event, self._index_queues)
        self._shutdown_workers()

    def _shutdown_workers(self) -> None:
        if not self.workers_killed:
            super()._shutdown_workers()

    def _arguments(self, number: int) -> tuple[Any, ...]:
        """Those of MegEngine's `_worker_loop`."""
        return (
            self.dataset,
            self._index_queues[number],
            self._data_queue,
            self._workers_done_event,
            self.transform,
            self.collator,
            self.sampler.batch_size,
            number,  # a seed of global generators, which loading sets again for each sample
            number,
            self.num_workers,
            self.datakind,
            self.parallel_stream,
        )

    def _reset(self) -> None:
        self._sampler_iter = iter(self.sampler)
        self._send_idx = self._rcvd_idx = 0
        self._task_info: dict[int, tuple[Any, ...]] = {}
        for _ in range(self.prefetch * self.num_workers):
            self._try_put_index()

    def _get_data(self) -> tuple[int, Any]:
        """The next batch to come, with its number.

        Raises:
            LoaderError: A worker died, or nothing comes in time.
        """
        since = time.monotonic()
        while True:
            try:
                return self._data_queue.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                lost = lost_batch(self._workers, seconds=0)
            except (OSError, EOFError) as error:  # it died before its block was taken over
                message = f"Loading stopped: {error}"
                raise lost_batch(self._workers) or LoaderError(message) from error
            if lost is not None:
                raise lost
            if 0 < self.timeout < time.monotonic() - since:
                raise late_batch(self.num_workers, self.timeout)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector from all there is while processes are forked.

    A tensor that only the collector would free must not be freed in the child, where MegEngine does not work. MegEngine
    collects beforehand, which takes a good part of a second in a large program.
    """
    frozen_before = gc.get_freeze_count()
    gc.freeze()
    try:
        yield
    finally:
        if not frozen_before:
            gc.unfreeze()


def _work(standard_error: int | None, *arguments: Any) -> None:
    restore_standard_error(standard_error)
    # MegEngine's own handlers, in this process, would let a SIGTERM to the whole run end the worker.
    dataloader._set_worker_signal_handlers = begin_work
    dataloader._worker_loop(*arguments)
