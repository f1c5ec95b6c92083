"""Loading one batch, in whatever process: from its request to its arrays, with the same random numbers everywhere."""

from __future__ import annotations

import contextlib
import pickle
import random
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import attrs
import numpy as np

from polynet.backend import Backend, backend_names, find_backend
from polynet.data.collate import collate
from polynet.data.packing import Block, pack
from polynet.data.sampler import Indices
from polynet.errors import BackendUnavailableError, PolyNetError, SampleError


class BatchRequest(NamedTuple):
    """Which batch to load.

    Attributes:
        epoch: Number of the epoch, from 0.
        indices: Of its samples.
        visits: For each, how often it came before in the epoch; `None` where none comes twice.
    """

    epoch: int
    indices: Indices
    visits: Indices | None = None


@attrs.frozen
class SkippedSample:
    """A sample that could not be loaded, and was replaced by another.

    Attributes:
        index: Its number.
        name: What it is called, a path say.
        reason: What was wrong with it.
    """

    index: int
    name: str
    reason: str


class LoadedBatch(NamedTuple):
    """A batch, and the samples that were to be in it and could not be loaded."""

    batch: Any
    skipped: tuple[SkippedSample, ...] = ()


class FailedBatch(NamedTuple):
    """Why a batch could not be loaded, in a form that crosses from one process to another."""

    message: str
    cause: Exception | None
    trace: str


class WorkerTracebackError(Exception):
    """The traceback of an exception in a worker process, as text."""

    def __str__(self) -> str:
        """The traceback, set off from the one it stands in."""
        return f"\n\n{self.args[0].rstrip()}"


def generator_for(seed: int, epoch: int, index: int, visit: int = 0) -> np.random.Generator:
    """The random numbers of one sample in one epoch.

    Example:
        >>> generator_for(0, 0, 7).random() == generator_for(0, 0, 7).random()
        True
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, epoch, index, visit))))


class BatchFetcher:
    """Loads batches of a data set: `fetcher(request)`; in a worker process, `fetcher.packed(request)`.

    Args:
        dataset: A map-style data set.
        collate_samples: From a list of samples to a batch.
        seed: Seed of the samples' random numbers.
    """

    def __init__(self, dataset: Any, collate_samples: Callable[[Sequence[Any]], Any], seed: int) -> None:
        self.dataset = dataset
        self.collate_samples = collate_samples
        self.seed = seed

    def __call__(self, request: BatchRequest) -> LoadedBatch:
        """Load a batch.

        Raises:
            SampleError: A sample cannot be loaded; it is named.
            InputError: The samples do not fit together.
        """
        take = getattr(self.dataset, "take", None)
        if take is not None and self.collate_samples is collate:
            whole = take(request.indices)
            if whole is not None:
                return LoadedBatch(whole)
        with _restored_generators() if self._draws_globally() else contextlib.nullcontext():
            batch = self.collate_samples(self._samples(request))
        drain = getattr(self.dataset, "drain_skipped", None)
        return LoadedBatch(batch, () if drain is None else tuple(drain()))

    def packed(self, request: BatchRequest) -> Block:
        """Load a batch as a block of bytes; an error becomes a `FailedBatch`, so that a worker never ends by one."""
        try:
            return pack(self(request))
        except Exception as error:  # noqa: BLE001 - whatever it is, the main process raises it
            return pack(_failure(error))

    def _samples(self, request: BatchRequest) -> list[Any]:
        load = getattr(self.dataset, "sample", None)
        frameworks = list(_seedable_backends()) if self._draws_globally() else None
        indices = [int(index) for index in request.indices]
        visits = [0] * len(indices) if request.visits is None else [int(visit) for visit in request.visits]
        samples: list[Any] = []
        for index, visit in zip(indices, visits, strict=True):
            key = (self.seed, request.epoch, index, visit)
            if frameworks is not None:
                _seed_globals(key, frameworks)
            try:
                samples.append(self.dataset[index] if load is None else load(index, generator_for(*key)))
            except SampleError:
                raise
            except Exception as error:
                raise sample_error(self.dataset, index, error) from error
        return samples

    def _draws_globally(self) -> bool:
        """Whether samples may depend on the global generators: of a foreign data set, or of a foreign transform."""
        return bool(getattr(self.dataset, "draws_globally", True))


def sample_error(dataset: Any, index: int, error: Exception) -> SampleError:
    """What to raise when a sample cannot be loaded."""
    describe = getattr(dataset, "name_of", None)
    name = describe(index) if describe is not None else ""
    shown = f" ({name})" if name and name not in str(error) else ""
    return SampleError(
        f"Sample {index}{shown} of {type(dataset).__name__} could not be loaded: {type(error).__name__}: {error}"
    )


def raise_failure(failure: FailedBatch) -> None:
    """Raise in the main process what went wrong in a worker, the worker's own traceback at the beginning of the chain.

    Raises:
        SampleError: A sample, or the batch, could not be loaded.
        PolyNetError: The batch was refused, as it would be in the main process: `InputError`, say.
    """
    worker = WorkerTracebackError(failure.trace)
    if isinstance(failure.cause, PolyNetError) and not failure.message:
        raise failure.cause from worker
    error = SampleError(failure.message or failure.trace.strip().splitlines()[-1])
    if failure.cause is None:
        raise error from worker
    failure.cause.__cause__ = worker
    raise error from failure.cause


def _failure(error: Exception) -> FailedBatch:
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    if isinstance(error, SampleError):
        message, cause = str(error), error.__cause__
    elif isinstance(error, PolyNetError):
        message, cause = "", error
    else:
        message, cause = f"A batch could not be loaded: {type(error).__name__}: {error}", error
    kept = cause if isinstance(cause, Exception) and _survives(cause) else None
    return FailedBatch(message, kept, trace)


def _survives(error: Exception) -> bool:
    """Whether an exception comes back whole from a pickle; some need more than their arguments to be made."""
    try:
        return type(pickle.loads(pickle.dumps(error))) is type(error)
    except Exception:  # noqa: BLE001 - foreign code runs here
        return False


def _seed_globals(key: Sequence[int], frameworks: Sequence[Backend]) -> None:
    """Seed Python's, numpy's and the frameworks' generators, for transforms that draw from them."""
    word = int(np.random.SeedSequence(key).generate_state(1)[0])
    random.seed(word)
    np.random.seed(word)
    for backend in frameworks:
        backend.seed(word)


def _seedable_backends() -> Iterator[Backend]:
    """Frameworks imported in this process whose generators may be used in any process, a forked one too."""
    for name in backend_names():
        with contextlib.suppress(BackendUnavailableError):
            backend = find_backend(name)
            if backend.is_framework and not backend.thread_bound and backend.framework in sys.modules:
                backend.load()
                yield backend


@contextlib.contextmanager
def _restored_generators() -> Iterator[None]:
    """Leave the global generators as they were: a batch loaded in the main process changes nothing in training."""
    python, legacy = random.getstate(), np.random.get_state()
    native = [(backend, backend.random_state()) for backend in _seedable_backends()]
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)
        for backend, state in native:
            backend.set_random_state(state)
