"""The processes of one run, as each of them sees the others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from polynet.errors import DeviceError, DistributedError, ModeError, OptionError
from polynet.train.distributed.collectives import Collectives, check_reduction
from polynet.train.distributed.place import Place, find_place

if TYPE_CHECKING:
    from polynet.backend import Backend
    from polynet.train.distributed.parallel import ParallelModel

TIMEOUT = 1800.0
"""Seconds that a process waits for the others; torch's own default for gloo."""

ORDERLY_END = 10.0
"""Seconds that a process that was told to exit waits for the others."""


class Processes:
    """The processes that train one model together, or the only one.

    Where there is one process, nothing is started and every method answers at once. It is a context manager: leaving
    it ends communication, and an exception that leaves it is told to the other processes.

    Args:
        place: Where this process stands; by default alone.

    Attributes:
        place: As given.
        backend: The backend given to `start`, or `None` before.
        device: Neutral name of this process's device, once started.

    Example:
        >>> with Processes.find("none").start("torch") as processes:
        ...     processes.world_size, processes.all_reduce(np.array([1.0, 2.0]), "mean"), processes.gather("here")
        (1, array([1., 2.]), ['here'])
    """

    def __init__(self, place: Place | None = None) -> None:
        self.place = Place() if place is None else place
        self.backend: Backend | None = None
        self.device = "cpu"
        self._collectives: Collectives | None = None

    @classmethod
    def find(cls, launcher: str = "auto") -> Processes:
        """The processes that a launcher started: `"none"`, `"auto"`, `"pytorch"` or `"slurm"`; see `find_place`."""
        return cls(find_place(launcher))

    def __repr__(self) -> str:
        """Show the place."""
        return f"<process {self.rank} of {self.world_size}, {'started' if self.is_started else 'not started'}>"

    @property
    def rank(self) -> int:
        """This process's number among all."""
        return self.place.rank

    @property
    def local_rank(self) -> int:
        """This process's number on its machine."""
        return self.place.local_rank

    @property
    def world_size(self) -> int:
        """Number of processes."""
        return self.place.world_size

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and the log."""
        return self.place.is_main

    @property
    def is_started(self) -> bool:
        """Whether `start` was called, and `stop` not yet."""
        return self.backend is not None

    @property
    def collectives(self) -> Collectives | None:
        """The backend's communication; `None` where there is one process."""
        return self._collectives

    def start(self, backend: str | Backend, *, device: str | None = None, timeout: float = TIMEOUT) -> Processes:
        """Meet the other processes; returns itself.

        Args:
            backend: The framework that trains.
            device: Neutral name of this process's device; by default the GPU of its local rank, or the CPU where
                there is no GPU.
            timeout: Seconds that a process waits for the others before it ends with an error, here and in every later
                exchange.

        Raises:
            ModeError: They were started already.
            OptionError: The timeout is not positive.
            DeviceError: There is no such device, or fewer GPUs than processes here.
            BackendUnavailableError: The backend cannot communicate on this device with what is installed.
            DistributedError: Not all processes came in time.
        """
        from polynet.backend import get_backend

        if self.is_started:
            message = f"{self!r}: these processes were started already."
            raise ModeError(message)
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
            message = f"timeout is a number of seconds above 0, not {timeout!r}."
            raise OptionError(message)
        chosen = get_backend(backend)
        self.device = self._own_device(chosen, device)
        if self.world_size > 1:
            self._collectives = chosen.collectives(self.place, device=self.device, timeout=float(timeout))
        self.backend = chosen
        return self

    def _own_device(self, backend: Backend, device: str | None) -> str:
        present = backend.devices()
        if device is None:
            device = f"cuda:{self.local_rank}" if len(present) > 1 else "cpu"
        elif device in ("cuda", "auto") and len(present) > 1:
            device = f"cuda:{self.local_rank}"
        if device.startswith("cuda:") and device not in present:
            message = (
                f"Process {self.rank} is number {self.local_rank} of {self.place.local_world_size} on its machine and "
                f"is to use {device!r}; backend {backend.name!r} finds {', '.join(present)}. "
                "Start as many processes on a machine as it has GPUs, or ask for device 'cpu'."
            )
            raise DeviceError(message)
        return device

    def stop(self, failure: BaseException | None = None) -> None:
        """End communication, once every process is here.

        Args:
            failure: Why this process ends before its time: it then waits for nobody, and the others are told.
        """
        collectives, self._collectives, self.backend = self._collectives, None, None
        if collectives is None:
            return
        if failure is None:
            collectives.close(None)
        elif isinstance(failure, KeyboardInterrupt | SystemExit):
            # An orderly end that was asked for: the others come to theirs, and if not, nobody is told of a failure.
            with contextlib.suppress(DistributedError):
                collectives.barrier(min(collectives.timeout, ORDERLY_END))
            collectives.close("")
        else:
            # The loss of a process is known to the others, or told by the one that it happened to.
            collectives.close("" if isinstance(failure, DistributedError) else f"{type(failure).__name__}: {failure}")

    @contextlib.contextmanager
    def telling_failures(self) -> Iterator[None]:
        """Let an exception that leaves the block end communication, so that the other processes learn why at once."""
        try:
            yield
        except BaseException as error:
            self.stop(error)
            raise

    def __enter__(self) -> Processes:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop(error)

    def all_reduce(self, value: Any, how: str = "sum") -> Any:
        """Every process's numbers as one.

        Args:
            value: A number, an array or a native tensor; of the same shape in every process.
            how: `"sum"`, `"mean"` or `"max"`.

        Returns:
            A `float` for a number, a new array for an array, a new tensor for a tensor.

        Raises:
            OptionError: There is no such reduction.
            DistributedError: A process is lost, or did not come in time.
        """
        check_reduction(how)
        if isinstance(value, np.ndarray):
            return value.copy() if self._collectives is None else self._collectives.all_reduce(value, how)
        if isinstance(value, bool | int | float | np.generic):
            return float(self.all_reduce(np.asarray(value, np.float64), how))
        return value if self._collectives is None else self._collectives.all_reduce_tensor(value, how)

    def broadcast(self, arrays: Sequence[np.ndarray[Any, Any]], source: int = 0) -> list[np.ndarray[Any, Any]]:
        """The arrays of one process, in all of them.

        Args:
            arrays: As many, of the same shapes and types, in every process.
            source: The rank whose arrays they shall be.

        Raises:
            OptionError: There is no such rank.
            DistributedError: A process is lost, or did not come in time.
        """
        if not 0 <= source < self.world_size:
            message = f"source is a rank from 0 to {self.world_size - 1}, not {source!r}."
            raise OptionError(message)
        if self._collectives is None:
            return [array.copy() for array in arrays]
        return self._collectives.broadcast(arrays, source)

    def gather(self, value: Any) -> list[Any]:
        """Every process's value, in the order of ranks, in all of them.

        Args:
            value: Anything that pickles: a metric's state, say.

        Raises:
            DistributedError: A process is lost, or did not come in time.
        """
        return [value] if self._collectives is None else self._collectives.gather(value)

    def barrier(self, timeout: float | None = None) -> None:
        """Wait until every process is here.

        Args:
            timeout: Seconds after which to give up; by default those given to `start`.

        Raises:
            DistributedError: Not all processes came in time.
        """
        if self._collectives is not None:
            self._collectives.barrier(timeout)

    def parallelise(self, model: Any, strategy: str = "replicate", **options: Any) -> ParallelModel | Any:
        """Let a model train in all processes together; see `polynet.train.distributed.parallelise`."""
        from polynet.train.distributed.parallel import parallelise

        return parallelise(model, self, strategy, **options)
