"""In which order a data set's samples are visited, and which of them fall to which process.

An order is a function of (seed, epoch) alone. It is drawn from the raw words of a Philox generator, which numpy keeps
for ever, and not from `Generator.permutation`, which numpy may improve: a run can be repeated with a later numpy.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence, Sized
from typing import Any, ClassVar, TypeAlias

import numpy as np

from polynet.calls import ExplainsOptions
from polynet.errors import OptionError

Indices: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"

UNEVEN = ("pad", "drop", "keep")


def permutation(size: int, seed: int, epoch: int = 0) -> Indices:
    """A random order of `0 … size - 1`, the same for ever for the same numbers.

    Args:
        size: How many numbers to order.
        seed: Seed, from 0.
        epoch: Another order for each, from 0.

    Returns:
        (size,) int64.

    Example:
        >>> permutation(5, seed=0).tolist(), permutation(5, seed=0, epoch=1).tolist()
        ([0, 3, 1, 2, 4], [3, 4, 2, 1, 0])
    """
    return np.argsort(_words(size, seed, epoch), kind="stable").astype(np.int64, copy=False)


def _words(count: int, *key: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Random 64-bit words from a key."""
    return np.random.Philox(np.random.SeedSequence(key)).random_raw(count)


def share_of(indices: Indices, rank: int, world_size: int, uneven: str = "pad") -> Indices:
    """The indices that fall to one process: every `world_size`-th, as torch's `DistributedSampler` deals them.

    Args:
        indices: All of them, in order.
        rank: Number of the process, from 0.
        world_size: How many processes there are.
        uneven: What becomes of a remainder. `"pad"` repeats indices from the beginning until all processes have the
            same number; `"drop"` leaves the remainder out; `"keep"` gives some processes one more, so that each index
            is visited once.

    Example:
        >>> share_of(np.arange(5), rank=1, world_size=2).tolist(), share_of(np.arange(5), 1, 2, "drop").tolist()
        ([1, 3, 0], [1, 3])
    """
    if world_size == 1:
        return indices
    if uneven == "pad":
        indices = np.resize(indices, -(-len(indices) // world_size) * world_size)
    elif uneven == "drop":
        indices = indices[: len(indices) // world_size * world_size]
    return indices[rank::world_size]


def _earlier(order: Indices) -> Indices:
    """For each entry, how many equal ones stand before it."""
    grouped = np.argsort(order, kind="stable")
    _, starts, counts = np.unique(order[grouped], return_index=True, return_counts=True)
    earlier = np.empty(len(order), dtype=np.int64)
    earlier[grouped] = np.arange(len(order)) - np.repeat(starts, counts)
    return earlier


class Sampler(metaclass=ExplainsOptions):
    """The order of visits, whole epochs at a time. Subclasses define `order`.

    Args:
        dataset: What is sampled, or its length.
        seed: Seed of random orders, from 0.
        rank: Number of this process, from 0.
        world_size: How many processes share the samples.
        uneven: What becomes of a remainder: `"pad"`, `"drop"` or `"keep"`; see `share_of`.

    Raises:
        OptionError: A number is out of range.

    Attributes:
        repeating: Whether an index may come several times in an epoch.
    """

    repeating: ClassVar[bool] = False

    def __init__(
        self, dataset: Sized | int, seed: int = 0, rank: int = 0, world_size: int = 1, uneven: str = "pad"
    ) -> None:
        self.size = dataset if isinstance(dataset, int) else len(dataset)
        for name, value, least in (("seed", seed, 0), ("rank", rank, 0), ("world_size", world_size, 1)):
            if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
                message = f"{type(self).__name__}: {name} must be a whole number from {least}, not {value!r}."
                raise OptionError(message)
        if rank >= world_size:
            message = (
                f"{type(self).__name__}: rank {rank} is not one of the {world_size} processes, 0 … {world_size - 1}."
            )
            raise OptionError(message)
        if uneven not in UNEVEN:
            message = f"{type(self).__name__}: uneven must be one of {', '.join(UNEVEN)}, not {uneven!r}."
            raise OptionError(message)
        self.seed, self.rank, self.world_size, self.uneven = int(seed), int(rank), int(world_size), uneven

    @abc.abstractmethod
    def order(self, epoch: int) -> Indices:
        """All indices of an epoch in order, for all processes together; the number is the same in every epoch."""

    def indices(self, epoch: int) -> Indices:
        """This process's indices of an epoch, in order: int64."""
        return share_of(self.order(epoch), self.rank, self.world_size, self.uneven)

    def visits(self, epoch: int) -> Indices | None:
        """For each of `indices`, how often it came before in the epoch, in any process; `None` where none comes twice.

        The random numbers of a sample depend on it, so that two visits are augmented differently.
        """
        if not self.repeating:
            return None
        return share_of(_earlier(self.order(epoch)), self.rank, self.world_size, self.uneven)

    def __len__(self) -> int:
        """How many indices an epoch has in this process."""
        whole, left = divmod(self.size, self.world_size)
        if not left or self.uneven == "drop":
            return whole
        return whole + 1 if self.uneven == "pad" or self.rank < left else whole


class SequentialSampler(Sampler):
    """First to last.

    Example:
        >>> SequentialSampler(5, rank=0, world_size=2, uneven="keep").indices(0).tolist()
        [0, 2, 4]
    """

    def order(self, epoch: int) -> Indices:
        """`0 … size - 1`."""
        return np.arange(self.size, dtype=np.int64)


class ShuffledSampler(Sampler):
    """Each sample once an epoch, in a new random order each epoch.

    Example:
        >>> ShuffledSampler(5, seed=0).indices(epoch=1).tolist()
        [3, 4, 2, 1, 0]
    """

    def order(self, epoch: int) -> Indices:
        """The permutation of this epoch."""
        return permutation(self.size, self.seed, epoch)


class RepeatAugSampler(Sampler):
    """Repeated augmentation (Hoffer et al. 2020): visits each sample several times in a row, in different processes.

    An epoch is as long as the data set, so that it holds `size / num_repeats` different samples, as in DeiT and
    MMPretrain. The augmentations differ, since each visit has random numbers of its own.

    Args:
        dataset: What is sampled, or its length.
        shuffle: Whether in random order.
        num_repeats: Visits of a sample.
        seed: Seed of the order.
        rank: Number of this process.
        world_size: How many processes share the samples.

    Example:
        >>> RepeatAugSampler(6, shuffle=False, num_repeats=2).indices(0).tolist()
        [0, 0, 1, 1, 2, 2]
    """

    repeating = True

    def __init__(
        self,
        dataset: Sized | int,
        shuffle: bool = True,
        num_repeats: int = 3,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__(dataset, seed, rank, world_size)
        if not isinstance(num_repeats, int) or num_repeats < 1:
            message = f"RepeatAugSampler: num_repeats must be a whole number from 1, not {num_repeats!r}."
            raise OptionError(message)
        self.shuffle, self.num_repeats = shuffle, num_repeats

    def order(self, epoch: int) -> Indices:
        """The first `size` of the repeated indices."""
        base = permutation(self.size, self.seed, epoch) if self.shuffle else np.arange(self.size, dtype=np.int64)
        return np.repeat(base[: -(-self.size // self.num_repeats)], self.num_repeats)[: self.size]


class ClassBalancedSampler(Sampler):
    """Draws with replacement, so that each class comes equally often on average.

    Args:
        dataset: What is sampled; it has `labels`, or `get_labels` gives them.
        seed: Seed of the draws.
        rank: Number of this process.
        world_size: How many processes share the samples.
        labels: (size,) whole numbers, where the data set has none itself.

    Raises:
        OptionError: There are no labels, or not one for each sample.

    Example:
        >>> drawn = ClassBalancedSampler(1000, labels=[0] * 990 + [1] * 10).indices(0)
        >>> bool(400 < (drawn >= 990).sum() < 600)
        True
    """

    repeating = True

    def __init__(
        self,
        dataset: Sized | int,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        labels: Sequence[int] | None = None,
    ) -> None:
        super().__init__(dataset, seed, rank, world_size)
        found = getattr(dataset, "labels", None) if labels is None else labels
        if found is None or len(found) != self.size:
            given = "none" if found is None else f"{len(found)} for {self.size} samples"
            message = f"ClassBalancedSampler needs a label for each sample, and there are {given}. Give labels=[…]."
            raise OptionError(message)
        self.labels = np.asarray(found, dtype=np.int64)

    def order(self, epoch: int) -> Indices:
        """A class for each visit, evenly; then one of its samples, evenly."""
        by_class = np.argsort(self.labels, kind="stable")
        _, starts, counts = np.unique(self.labels[by_class], return_index=True, return_counts=True)
        words = _words(2 * self.size, self.seed, epoch)
        classes = (words[: self.size] % np.uint64(len(starts))).astype(np.int64)
        within = (words[self.size :] % counts[classes].astype(np.uint64)).astype(np.int64)
        drawn: Indices = by_class[starts[classes] + within].astype(np.int64, copy=False)
        return drawn


class InfiniteSampler(Sampler):
    """A stream that never ends, pass after pass over the data: for loops that count iterations.

    All batches are whole; one may hold the end of a pass and the beginning of the next. What a loader calls an epoch is
    as many batches as a pass needs.

    Args:
        dataset: What is sampled, or its length.
        shuffle: Whether each pass has a random order of its own.
        seed: Seed of the orders; 0 by default.
        rank: Number of this process.
        world_size: How many processes share the stream: it is dealt to them in turn.

    Source: MMEngine, `InfiniteSampler`.

    Example:
        >>> InfiniteSampler(3, shuffle=False).stretch(2, 5)[0].tolist()
        [2, 0, 1, 2, 0]
    """

    repeating = True

    def __init__(
        self,
        dataset: Sized | int,
        shuffle: bool = True,
        seed: int | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__(dataset, seed or 0, rank, world_size)
        self.shuffle = shuffle

    def order(self, epoch: int) -> Indices:
        """The order of one pass."""
        return permutation(self.size, self.seed, epoch) if self.shuffle else np.arange(self.size, dtype=np.int64)

    def stretch(self, first: int, count: int) -> tuple[Indices, Indices]:
        """A part of this process's stream.

        Args:
            first: How many of its indices come before.
            count: How many to give.

        Returns:
            The indices, and how often each came before in this part, in any process: two of (count,), int64.
        """
        begin, end = first * self.world_size, (first + count) * self.world_size
        before = begin // self.size
        passes = [self.order(number) for number in range(before, -(-end // self.size))]
        whole = np.concatenate(passes)[begin - before * self.size :][: end - begin]
        return whole[self.rank :: self.world_size], _earlier(whole)[self.rank :: self.world_size]


def default_sampler(
    dataset: Sized | int,
    shuffle: bool = True,
    seed: int | None = None,
    round_up: bool = True,
    rank: int = 0,
    world_size: int = 1,
) -> Sampler:
    """MMEngine's `DefaultSampler`: shuffled or not, padded so that all processes have the same number, or not.

    Example:
        >>> default_sampler(4, shuffle=False).indices(0).tolist()
        [0, 1, 2, 3]
    """
    make: Callable[..., Sampler] = ShuffledSampler if shuffle else SequentialSampler
    return make(dataset, seed=seed or 0, rank=rank, world_size=world_size, uneven="pad" if round_up else "keep")
