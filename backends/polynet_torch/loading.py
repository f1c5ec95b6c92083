"""Batches from worker processes through `torch.utils.data.DataLoader`."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

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

_POLL_SECONDS = 1.0


class TorchLoader(WorkerLoader):
    """Whole batches, each one item to torch: a tensor of bytes, which torch passes in shared memory.

    Args:
        load: What a worker runs.
        options: How many workers, and how they work.

    Attributes:
        native: The `torch.utils.data.DataLoader`.
    """

    def __init__(self, load: Loading, options: WorkerOptions) -> None:
        self._requests = _Requests()
        self._persistent = options.persistent
        self._iterator: _Iterator | None = None
        self._running = False
        self.native = _Loader(
            _Batches(load),
            batch_size=None,
            sampler=self._requests,
            num_workers=options.count,
            prefetch_factor=options.prefetch,
            worker_init_fn=begin_work,
            multiprocessing_context=options.start_method,
            persistent_workers=options.persistent,
            pin_memory=options.pin_memory and torch.cuda.is_available(),
            # Its seed for the workers is drawn here: from the global generator it would disturb the training's numbers.
            generator=torch.Generator(),
        )
        self.native.wait_seconds = options.timeout

    def run(self, requests: Iterable[Any]) -> Iterator[Block]:
        """Load batches ahead; see `WorkerLoader.run`."""
        if self._running:
            message = "The loader is being read already. Use a second loader, or read the first to its end."
            raise LoaderError(message)
        self._running = True
        whole = False
        try:
            iterator = self._started(requests)
            for tensor in iterator:
                yield tensor.numpy()
            whole = True
        finally:
            self._running = False
            if not (whole and self._persistent):
                self.close()

    def close(self) -> None:
        """End all workers."""
        iterator, self._iterator = self._iterator, None
        if iterator is not None and not iterator.workers_killed:
            if not iterator._shutdown:
                end_work(iterator._workers, iterator._workers_done_event, iterator._index_queues)
            iterator._shutdown_workers()

    def _started(self, requests: Iterable[Any]) -> _Iterator:
        self._requests.current = requests
        if self._iterator is not None:
            self._iterator._reset(self.native)
            return self._iterator
        with warnings.catch_warnings():
            # Workers use nothing that threads of this process may hold: no framework, and no lock but Python's own.
            warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
            self._iterator = _Iterator(self.native)
        return self._iterator


class _Loader(torch.utils.data.DataLoader):
    wait_seconds: float


class _Requests:
    """The sampler: whatever requests the run at hand has."""

    def __init__(self) -> None:
        self.current: Iterable[Any] = ()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.current)


class _Batches(torch.utils.data.Dataset):
    """The data set as torch sees it: an item is a batch."""

    def __init__(self, load: Loading) -> None:
        self.load = load

    def __getitem__(self, request: Any) -> torch.Tensor:
        return torch.from_numpy(self.load(request))


class _Iterator(_MultiProcessingDataLoaderIter):
    """torch's iterator, which here notices a dead worker when a batch is waited for, and only then.

    torch raises a `RuntimeError` from the handler of SIGCHLD, wherever the program happens to be: in the middle of a
    training step, say, or of writing a checkpoint.
    """

    workers_killed = False

    def __init__(self, loader: _Loader) -> None:
        self._wait_seconds = loader.wait_seconds
        self._waiting_since: float | None = None
        super().__init__(loader)
        torch._C._remove_worker_pids(id(self))
        self._worker_pids_set = False
        kill_at_exit(self)

    def _try_get_data(self, timeout: float = _POLL_SECONDS) -> tuple[bool, Any]:
        """Wait a moment for a batch; whether it came, and the batch."""
        if self._waiting_since is None:
            self._waiting_since = time.monotonic()
        try:
            came, data = super()._try_get_data(min(timeout, _POLL_SECONDS))
        except (RuntimeError, OSError, EOFError) as error:
            message = f"Loading stopped: {error}"
            raise lost_batch(self._workers) or LoaderError(message) from error
        if came:
            self._waiting_since = None
        elif 0 < self._wait_seconds < time.monotonic() - self._waiting_since:
            raise late_batch(self._num_workers, self._wait_seconds)
        return came, data
