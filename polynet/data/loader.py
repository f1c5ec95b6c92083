"""Batches of a data set: the same ones for a seed, whatever the framework and the number of worker processes."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any

import numpy as np

from polynet.backend import Backend, active_backend, get_backend
from polynet.calls import ExplainsOptions
from polynet.data.collate import collate as default_collate
from polynet.data.fetch import BatchFetcher, BatchRequest, FailedBatch, LoadedBatch, SkippedSample, raise_failure
from polynet.data.packing import unpack
from polynet.data.sampler import Indices, InfiniteSampler, Sampler, SequentialSampler, ShuffledSampler
from polynet.data.workers import WorkerLoader, WorkerOptions, default_start_method
from polynet.errors import ConfigTypeError, InputError, OptionError

LOGGER = logging.getLogger("polynet.data")

_SKIPPED_KEPT = 1000


class DataLoader(metaclass=ExplainsOptions):
    """Iterates over a data set in batches of numpy arrays.

    What a batch holds is a function of (seed, epoch, its number) alone: the order comes from (seed, epoch), a sample's
    random numbers from (seed, epoch, index). Workers run the framework's own loader (`torch.utils.data.DataLoader`,
    `megengine.data.DataLoader`), each a whole batch at a time; they never use the framework itself.

    Args:
        dataset: Map-style: `len(dataset)` and `dataset[i]`. PolyNet's own give their transforms the sample's generator;
            for others the global generators of Python, numpy and torch are seeded for each sample.
        batch_size: Samples in a batch.
        shuffle: A new random order each epoch. Not together with `sampler`.
        drop_last: Leave out a last batch that is not whole.
        num_workers: Worker processes; 0 loads in this process, when a batch is asked for.
        seed: Seed of the order and of the samples' random numbers, from 0.
        collate: From a list of samples to a batch; `polynet.data.collate.collate` by default.
        sampler: Order of visits: a `Sampler`, or any iterable of indices (its `set_epoch` is called if it has one).
        prefetch: Batches that each worker is ahead.
        timeout: Seconds after which a batch that has not come from the workers is given up; 0 for never.
        rank: Number of this process among those that share the data set.
        world_size: How many processes share it.
        uneven: What becomes of the remainder when it is shared: `"pad"`, `"drop"` or `"keep"`; see `share_of`.
        persistent_workers: Keep workers from one epoch to the next, where the framework's loader can (torch's). They
            hold the data set as it was when they started.
        pin_memory: Give batches in page-locked memory, for faster copies to a GPU, where the framework can (torch).
        start_method: `"fork"`, `"spawn"` or `"forkserver"`; `"fork"` where there is one.
        backend: Whose loader the workers run; the active one by default. It is not needed without workers.

    Attributes:
        skipped: The latest samples that could not be loaded and were replaced (`on_error="skip"` of a data set).
        skipped_count: How many there were in all.

    Raises:
        OptionError: An option is out of range, or two contradict each other.
        BackendUnavailableError: There are to be workers, and no backend is chosen.

    Example:
        >>> from polynet.data.datasets import ArrayDataset
        >>> dataset = ArrayDataset(np.zeros((5, 1, 2, 2), np.uint8), np.arange(5))
        >>> loader = DataLoader(dataset, batch_size=2, shuffle=True, seed=0)
        >>> [labels.tolist() for images, labels in loader.batches(epoch=0)]
        [[0, 3], [1, 2], [4]]
        >>> [labels.tolist() for images, labels in loader.batches(epoch=0, start=2)]
        [[4]]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        num_workers: int = 0,
        seed: int = 0,
        collate: Callable[[Sequence[Any]], Any] | None = None,
        sampler: Sampler | Iterable[int] | None = None,
        prefetch: int = 2,
        timeout: float = 300.0,
        rank: int = 0,
        world_size: int = 1,
        uneven: str = "pad",
        persistent_workers: bool = False,
        pin_memory: bool = False,
        start_method: str | None = None,
        backend: str | Backend | None = None,
    ) -> None:
        self._native: WorkerLoader | None = None
        _check_numbers(batch_size=(batch_size, 1), num_workers=(num_workers, 0), seed=(seed, 0))
        for needed in ("__len__", "__getitem__"):
            if not hasattr(dataset, needed):
                message = f"DataLoader: dataset must have len() and [index]; {type(dataset).__name__} has no {needed}."
                raise OptionError(message)
        if sampler is not None and shuffle:
            message = "DataLoader: shuffle and sampler are given; the sampler decides the order, so leave shuffle out."
            raise OptionError(message)
        if sampler is None:
            make: Callable[..., Sampler] = ShuffledSampler if shuffle else SequentialSampler
            sampler = make(dataset, seed=seed, rank=rank, world_size=world_size, uneven=uneven)
        self.dataset, self.batch_size, self.drop_last, self.sampler = dataset, batch_size, drop_last, sampler
        self.num_workers, self.seed, self.collate = num_workers, seed, collate or default_collate
        self.epoch = 0
        self.skipped: deque[SkippedSample] = deque(maxlen=_SKIPPED_KEPT)
        self.skipped_count = 0
        self._fetcher = BatchFetcher(dataset, self.collate, seed)
        if num_workers:
            options = WorkerOptions(
                num_workers, prefetch, timeout, start_method or default_start_method(), persistent_workers, pin_memory
            )
            chosen = active_backend() if backend is None else get_backend(backend)
            self._native = chosen.data_loader(self._fetcher.packed, options)

    def __len__(self) -> int:
        """How many batches an epoch has."""
        if not isinstance(self.sampler, Sized):
            message = f"The sampler {type(self.sampler).__name__} has no length, so the loader has none."
            raise OptionError(message)
        count = len(self.sampler)
        whole_only = self.drop_last and not isinstance(self.sampler, InfiniteSampler)
        return count // self.batch_size if whole_only else -(-count // self.batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that iterating gives."""
        _check_numbers(epoch=(epoch, 0))
        self.epoch = epoch

    def __iter__(self) -> Iterator[Any]:
        """The batches of the epoch set last, the first one by default."""
        return self.batches(self.epoch)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """The batches of an epoch. Dropping the iterator before its end ends the workers.

        Args:
            epoch: Its number, from 0.
            start: How many batches to leave out; they are not loaded.

        Raises:
            SampleError: A sample cannot be loaded; the message names it, and its cause is chained.
            InputError: Samples do not fit into one batch, or there are none.
            LoaderError: A worker died, or gave nothing in time.
        """
        _check_numbers(epoch=(epoch, 0), start=(start, 0))
        if not len(self.dataset):
            message = f"{type(self.dataset).__name__} holds no samples."
            raise InputError(message)
        return self._loaded(self._requests(epoch, start))

    def close(self) -> None:
        """End the worker processes, if any are left."""
        if self._native is not None:
            self._native.close()

    def _loaded(self, requests: Iterator[BatchRequest]) -> Iterator[Any]:
        if self._native is None:
            for request in requests:
                yield self._accepted(self._fetcher(request))
            return
        for block in self._native.run(requests):
            yield self._accepted(unpack(block))

    def _accepted(self, loaded: LoadedBatch | FailedBatch) -> Any:
        """The batch itself, what was skipped for it being noted."""
        if isinstance(loaded, FailedBatch):
            raise_failure(loaded)
        assert isinstance(loaded, LoadedBatch)  # raise_failure raised
        for skipped in loaded.skipped:
            self._note(skipped)
        return loaded.batch

    def _note(self, skipped: SkippedSample) -> None:
        """Count a skipped sample, and say so when it is the first time."""
        if all(skipped.index != before.index for before in self.skipped):
            LOGGER.warning("Skipped sample %d, and took the next: %s", skipped.index, skipped.reason)
        self.skipped.append(skipped)
        self.skipped_count += 1

    def _requests(self, epoch: int, start: int) -> Iterator[BatchRequest]:
        indices, visits = self._order(epoch)
        end = len(indices) // self.batch_size * self.batch_size if self.drop_last else len(indices)
        for first in range(start * self.batch_size, end, self.batch_size):
            here = slice(first, first + self.batch_size)
            yield BatchRequest(epoch, indices[here], None if visits is None else visits[here])

    def _order(self, epoch: int) -> tuple[Indices, Indices | None]:
        if isinstance(self.sampler, InfiniteSampler):
            count = len(self) * self.batch_size
            return self.sampler.stretch(epoch * count, count)
        if isinstance(self.sampler, Sampler):
            return self.sampler.indices(epoch), self.sampler.visits(epoch)
        set_epoch = getattr(self.sampler, "set_epoch", None)
        if set_epoch is not None:
            set_epoch(epoch)
        return np.fromiter(self.sampler, dtype=np.int64), None


def build_loader(config: Any, seed: int = 0, rank: int = 0, world_size: int = 1, **defaults: Any) -> Any:
    """Make a loader from its config, as OpenMMLab's runners have it.

    Args:
        config: A mapping with `dataset` (a config of `polynet.data.DATASETS`, or a data set, which a list of
            samples is, too), `batch_size`,
            `num_workers`, `sampler` (a config of `SAMPLERS`, or a sampler), `collate_fn` (a function, or the name of
            one of MMEngine's: `"default_collate"`, `"pseudo_collate"`), `drop_last`, `persistent_workers`,
            `pin_memory`, `prefetch_factor`, and the other options of `DataLoader`. A loader is returned as it is.
        seed: Seed, where the config has none.
        rank: Number of this process among those that share the data set.
        world_size: How many processes share it.
        **defaults: Further options of `DataLoader` that the config may override.

    Raises:
        ConfigTypeError: The config of the data set or the sampler is none.
        OptionError: An option is unknown or out of range.

    Example:
        >>> images = {"type": "FakeData", "size": 8, "shape": (3, 4, 4)}
        >>> sampler = {"type": "DefaultSampler", "shuffle": True}
        >>> len(build_loader({"batch_size": 4, "dataset": images, "sampler": sampler}))
        2
    """
    from polynet.data.registry import DATASETS, SAMPLERS

    if not isinstance(config, Mapping):
        return config
    options = {"seed": seed, **defaults, **config}
    if "dataset" not in options:
        message = f"The config of a loader needs `dataset`; it has {', '.join(map(str, config)) or 'nothing'}."
        raise OptionError(message)
    if not _are_samples(options["dataset"]):
        options["dataset"] = DATASETS.build(options["dataset"])
    shared = {"rank": rank, "world_size": world_size}
    if options.get("sampler") is not None:
        shared_order = {"dataset": options["dataset"], "seed": options["seed"], **shared}
        options["sampler"] = SAMPLERS.build(options["sampler"], **shared_order)
    for theirs, ours in (
        ("collate_fn", "collate"),
        ("prefetch_factor", "prefetch"),
        ("multiprocessing_context", "start_method"),
    ):
        if options.get(theirs) is not None:
            options[ours] = options[theirs]
        options.pop(theirs, None)
    if "collate" in options:
        options["collate"] = _collation(options["collate"])
    return DataLoader(**{**shared, **options})


def _are_samples(dataset: Any) -> bool:
    """Whether a data set is a list or tuple of samples.

    Raises:
        ConfigTypeError: It is a list of configs.
    """
    if not isinstance(dataset, (list, tuple)):
        return False
    if dataset and isinstance(dataset[0], Mapping) and isinstance(dataset[0].get("type"), str):
        message = (
            f"dataset is one config with `type`, a data set or a list of samples, not a list of {len(dataset)} configs."
        )
        raise ConfigTypeError(message)
    return True


def _collation(chosen: Any) -> Any:
    """A function of collation, by name, by config or itself.

    Raises:
        OptionError: There is none of that name.
    """
    from polynet.data.collate import pseudo_collate

    named = {"default_collate": default_collate, "collate": default_collate, "pseudo_collate": pseudo_collate}
    name = chosen.get("type", chosen) if isinstance(chosen, Mapping) else chosen
    if name is None or callable(name):
        return name
    if name not in named:
        message = f"collate_fn must be a function or one of {', '.join(named)}, not {chosen!r}."
        raise OptionError(message)
    return named[name]


def _check_numbers(**numbers: tuple[Any, int]) -> None:
    for name, (value, least) in numbers.items():
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
            message = f"DataLoader: {name} must be a whole number from {least}, not {value!r}."
            raise OptionError(message)
