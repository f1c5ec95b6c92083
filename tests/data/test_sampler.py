from __future__ import annotations

import numpy as np
import pytest

from polynet.data import SAMPLERS
from polynet.data.datasets import ArrayDataset
from polynet.data.loader import build_loader
from polynet.data.sampler import (
    ClassBalancedSampler,
    InfiniteSampler,
    RepeatAugSampler,
    Sampler,
    SequentialSampler,
    ShuffledSampler,
    permutation,
    share_of,
)
from polynet.errors import OptionError, UnknownNameError

KINDS = (SequentialSampler, ShuffledSampler, RepeatAugSampler)


def test_a_permutation_is_the_same_for_ever() -> None:
    assert permutation(10, seed=7, epoch=3).tolist() == [7, 1, 9, 6, 0, 4, 2, 8, 3, 5]


def test_a_permutation_holds_each_index_once_and_differs_by_seed_and_epoch() -> None:
    first = permutation(1000, seed=0)
    assert first.dtype == np.int64
    assert sorted(first.tolist()) == list(range(1000))
    assert not np.array_equal(first, permutation(1000, seed=1))
    assert not np.array_equal(first, permutation(1000, seed=0, epoch=1))


def test_the_first_place_of_a_permutation_falls_to_each_index_alike() -> None:
    firsts = np.bincount([permutation(5, seed=0, epoch=epoch)[0] for epoch in range(2000)], minlength=5)
    assert firsts.min() > 330
    assert firsts.max() < 470


@pytest.mark.parametrize("size", [7, 8, 2, 1])
@pytest.mark.parametrize("world_size", [1, 2, 3, 5])
@pytest.mark.parametrize("drop", [False, True])
def test_shares_are_those_of_torch(size: int, world_size: int, drop: bool) -> None:
    distributed = pytest.importorskip("torch.utils.data.distributed")
    for rank in range(world_size):
        theirs = distributed.DistributedSampler(range(size), world_size, rank, shuffle=False, drop_last=drop)
        if drop and size < world_size:
            continue  # torch repeats samples here, although it was told to drop them
        ours = SequentialSampler(size, rank=rank, world_size=world_size, uneven="drop" if drop else "pad")
        assert ours.indices(0).tolist() == list(theirs)
        assert len(ours) == len(theirs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("uneven", ["pad", "drop", "keep"])
def test_the_length_is_that_of_the_indices(kind: type[Sampler], uneven: str) -> None:
    for rank in range(3):
        sampler = kind(11, rank=rank, world_size=3)
        sampler.uneven = uneven
        assert len(sampler) == len(sampler.indices(2))


def test_kept_shares_visit_each_index_once() -> None:
    shares = [share_of(np.arange(11), rank, 4, "keep") for rank in range(4)]
    assert sorted(np.concatenate(shares).tolist()) == list(range(11))


def test_repeated_augmentation_tells_visits_apart_over_all_processes() -> None:
    samplers = [RepeatAugSampler(9, num_repeats=3, rank=rank, world_size=3) for rank in range(3)]
    visits = [(index, visit) for s in samplers for index, visit in zip(s.indices(4), s.visits(4), strict=True)]
    assert len(set(visits)) == 9
    assert len({index for index, _ in visits}) == 3


def test_balanced_draws_give_each_class_alike() -> None:
    labels = [0] * 900 + [1] * 90 + [2] * 10
    sampler = ClassBalancedSampler(1000, labels=labels)
    drawn = np.bincount(np.array(labels)[sampler.indices(0)])
    assert drawn.min() > 280
    visits = sampler.visits(0)
    assert visits is not None
    assert len(set(zip(sampler.indices(0).tolist(), visits.tolist(), strict=True))) == 1000


def test_wrong_options_are_refused() -> None:
    with pytest.raises(OptionError, match="rank 2 is not one of the 2 processes"):
        ShuffledSampler(4, rank=2, world_size=2)
    with pytest.raises(OptionError, match="seed must be a whole number from 0"):
        ShuffledSampler(4, seed=-1)
    with pytest.raises(OptionError, match="uneven must be one of"):
        SequentialSampler(4, uneven="round")
    with pytest.raises(OptionError, match="a label for each sample"):
        ClassBalancedSampler(4)


def test_samplers_are_found_by_the_names_of_openmmlab() -> None:
    made = SAMPLERS.build({"type": "DefaultSampler", "shuffle": False, "round_up": False}, dataset=5)
    assert made.indices(0).tolist() == [0, 1, 2, 3, 4]
    assert made.uneven == "keep"
    with pytest.raises(UnknownNameError, match="'RepeatAugSampler'"):
        SAMPLERS.get("RepeatedAugSampler")


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_an_infinite_stream_is_pass_after_pass_dealt_in_turn(shuffle: bool, world_size: int) -> None:
    samplers = [InfiniteSampler(7, shuffle, seed=4, rank=rank, world_size=world_size) for rank in range(world_size)]
    shares = [sampler.stretch(0, 21)[0] for sampler in samplers]
    stream = np.stack(shares, 1).ravel()
    passes = [permutation(7, 4, epoch) if shuffle else np.arange(7) for epoch in range(3 * world_size)]
    assert stream.dtype == np.int64
    assert stream.tolist() == np.concatenate(passes).tolist()
    for sampler, share in zip(samplers, shares, strict=True):
        assert sampler.stretch(5, 9)[0].tolist() == share[5:14].tolist()


def test_visits_of_an_infinite_stream_are_counted_over_all_processes() -> None:
    parts = [InfiniteSampler(2, shuffle=False, rank=rank, world_size=2).stretch(3, 2) for rank in (0, 1)]
    assert [part[0].tolist() for part in parts] == [[0, 0], [1, 1]]
    assert [part[1].tolist() for part in parts] == [[0, 1], [0, 1]]


@pytest.mark.parametrize("drop_last", [True, False])
def test_a_loader_over_an_infinite_stream_gives_whole_batches_across_its_epochs(drop_last: bool) -> None:
    config = {"type": "InfiniteSampler", "shuffle": False}
    data = ArrayDataset(np.zeros((5, 1), np.float32), np.arange(5))
    loader = build_loader({"dataset": data, "batch_size": 2, "sampler": config, "drop_last": drop_last})
    assert len(loader) == 3
    batches = [labels.tolist() for epoch in range(2) for _, labels in loader.batches(epoch)]
    assert batches == [[0, 1], [2, 3], [4, 0], [1, 2], [3, 4], [0, 1]]
    assert [labels.tolist() for _, labels in loader.batches(1, start=2)] == [[0, 1]]
