from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.data.collate import pseudo_collate
from polynet.data.datasets import ArrayDataset, FakeData
from polynet.data.datasets.base import Dataset
from polynet.data.fetch import generator_for
from polynet.data.loader import DataLoader, build_loader
from polynet.data.sampler import RepeatAugSampler, permutation
from polynet.errors import ConfigTypeError, InputError, LoaderError, OptionError, SampleError, UnsupportedError


def noisy(image: Any, generator: np.random.Generator) -> Any:
    return np.asarray(image, dtype=np.float32) + generator.random(dtype=np.float32)


class Labelled(Dataset):
    """Small arrays that tell their number."""

    def __init__(self, size: int = 23, transform: Any = None) -> None:
        super().__init__(transform)
        self.size = size

    def __len__(self) -> int:
        return self.size

    def load(self, index: int) -> tuple[Any, int]:
        return np.full((2, 3), index, np.float32), index


def labels_of(loader: DataLoader, epoch: int = 0, start: int = 0) -> list[list[int]]:
    return [labels.tolist() for _, labels in loader.batches(epoch, start)]


def test_batches_are_the_same_on_every_framework_and_with_any_number_of_workers(
    frameworks: tuple[Backend, ...],
) -> None:
    def batches(workers: int, backend: Backend) -> list[Any]:
        loader = DataLoader(Labelled(transform=noisy), 4, True, num_workers=workers, seed=5, backend=backend)
        return [batch for epoch in (0, 3) for batch in loader.batches(epoch)]

    expected = batches(0, frameworks[0])
    assert len(expected) == 12
    for backend in frameworks:
        for workers in (1, 2):
            found = batches(workers, backend)
            assert len(found) == len(expected)
            for (images, labels), (other_images, other_labels) in zip(found, expected, strict=True):
                assert images.dtype == other_images.dtype == np.float32
                assert np.array_equal(images, other_images)
                assert np.array_equal(labels, other_labels)


def test_random_numbers_of_a_sample_depend_on_seed_epoch_and_index_alone() -> None:
    loader = DataLoader(Labelled(transform=noisy), 5, shuffle=True, seed=2)
    for images, labels in loader.batches(epoch=4):
        for image, label in zip(images, labels.tolist(), strict=True):
            drawn = generator_for(2, 4, label).random(dtype=np.float32)
            assert np.array_equal(image, np.full((2, 3), label, np.float32) + drawn)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_can_be_begun_in_the_middle(backend: Backend, workers: int) -> None:
    loader = DataLoader(Labelled(), 4, shuffle=True, num_workers=workers, backend=backend)
    whole = labels_of(loader, 1)
    assert labels_of(loader, 1, start=3) == whole[3:]
    assert labels_of(loader, 1, start=len(whole)) == []


def test_skipped_batches_are_not_loaded() -> None:
    loaded: list[int] = []

    class Watched(Labelled):
        def load(self, index: int) -> tuple[Any, int]:
            loaded.append(index)
            return super().load(index)

    list(DataLoader(Watched(), 5).batches(0, start=4))
    assert loaded == [20, 21, 22]


def test_epochs_and_lengths() -> None:
    loader = DataLoader(Labelled(), 4, shuffle=True, drop_last=True)
    assert len(loader) == 5
    assert len(DataLoader(Labelled(), 4)) == 6
    assert labels_of(loader, 0) == [permutation(23, 0)[first : first + 4].tolist() for first in range(0, 20, 4)]
    first = [labels.tolist() for _, labels in loader]
    loader.set_epoch(1)
    assert [labels.tolist() for _, labels in loader] != first


def test_processes_share_an_epoch() -> None:
    ranks = [DataLoader(Labelled(8), 2, shuffle=True, rank=rank, world_size=2) for rank in range(2)]
    shares = [np.concatenate(labels_of(loader)) for loader in ranks]
    assert [len(loader) for loader in ranks] == [2, 2]
    assert sorted(np.concatenate(shares).tolist()) == list(range(8))


def test_whole_batches_of_arrays_are_taken_at_once() -> None:
    dataset = ArrayDataset(np.arange(20, dtype=np.uint8).reshape(10, 2), range(10))
    dataset.load = None  # type: ignore[assignment, method-assign]  # single samples must not be asked for
    batches = list(DataLoader(dataset, 4, shuffle=True))
    assert [len(labels) for _, labels in batches] == [4, 4, 2]
    images, labels = batches[0]
    assert images.dtype == np.uint8
    assert images[:, 0].tolist() == [2 * label for label in labels]


def test_visits_of_a_repeated_sample_are_augmented_differently() -> None:
    sampler = RepeatAugSampler(4, shuffle=False, num_repeats=2)
    images, labels = next(iter(DataLoader(Labelled(4, noisy), 4, sampler=sampler)))
    assert labels.tolist() == [0, 0, 1, 1]
    assert not np.array_equal(images[0], images[1])


class Foreign:
    """A data set that draws from the global generators, as torchvision's transforms do."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> tuple[float, float, int]:
        return random.random(), float(np.random.rand()), index


def test_foreign_transforms_draw_the_same_numbers_everywhere(frameworks: tuple[Backend, ...]) -> None:
    expected = [batch for epoch in (0, 1) for batch in DataLoader(Foreign(), 2).batches(epoch)]
    assert not np.array_equal(expected[0][0], expected[3][0])
    for backend in frameworks:
        loader = DataLoader(Foreign(), 2, num_workers=2, backend=backend)
        found = [batch for epoch in (0, 1) for batch in loader.batches(epoch)]
        for ours, theirs in zip(found, expected, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_loading_leaves_the_global_generators_alone() -> None:
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.rand()
    random.seed(1)
    np.random.seed(1)
    list(DataLoader(Foreign(), 2))
    assert (random.random(), np.random.rand()) == expected


def test_torchvision_draws_the_same_with_and_without_workers(reference: Backend) -> None:
    transforms = pytest.importorskip("torchvision.transforms")
    pytest.importorskip("PIL.Image")
    augment = transforms.Compose([transforms.RandomCrop(4), transforms.RandomHorizontalFlip(), transforms.ToTensor()])
    dataset = FakeData(8, (3, 8, 8), transform=augment)
    state = reference.random_state()
    batches = [list(DataLoader(dataset, 4, num_workers=workers, backend=reference)) for workers in (0, 2)]
    for (images, _), (others, _) in zip(*batches, strict=True):
        assert images.dtype == np.float32
        assert np.array_equal(images, others)
    assert all(np.array_equal(value, reference.random_state()[key]) for key, value in state.items())


def test_any_iterable_of_indices_is_a_sampler() -> None:
    class Backwards:
        epoch = 0

        def set_epoch(self, epoch: int) -> None:
            self.epoch = epoch

        def __len__(self) -> int:
            return 4

        def __iter__(self) -> Iterator[int]:
            return iter([3, 2, 1, self.epoch])

    loader = DataLoader(Labelled(), 2, sampler=Backwards())
    assert labels_of(loader, 7) == [[3, 2], [1, 7]]
    assert len(loader) == 2


def test_persistent_workers_outlive_an_epoch(backend: Backend) -> None:
    loader = DataLoader(Labelled(), 4, shuffle=True, num_workers=2, persistent_workers=True, backend=backend)
    plain = DataLoader(Labelled(), 4, shuffle=True)
    for epoch in range(3):
        assert labels_of(loader, epoch) == labels_of(plain, epoch)
    next(loader.batches(3))
    assert labels_of(loader, 4, start=2) == labels_of(plain, 4, start=2)
    loader.close()
    assert labels_of(loader, 5) == labels_of(plain, 5)
    loader.close()


def test_batches_from_workers_can_be_written_to_and_outlive_the_loader(backend: Backend) -> None:
    batches = list(DataLoader(Labelled(), 4, num_workers=2, backend=backend))
    for number, (images, labels) in enumerate(batches):
        images += 1
        assert images[:, 0, 0].tolist() == [label + 1.0 for label in range(4 * number, min(4 * number + 4, 23))]
        assert labels.dtype == np.int64


def test_two_epochs_may_not_be_read_at_once_from_torch(reference: Backend) -> None:
    loader = DataLoader(Labelled(), 4, num_workers=1, backend=reference)
    first = loader.batches(0)
    next(first)
    with pytest.raises(LoaderError, match="being read already"):
        next(loader.batches(1))


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_can_be_started_anew(backend: Backend, method: str) -> None:
    loader = DataLoader(FakeData(8, (3, 4, 4)), 4, num_workers=1, start_method=method, backend=backend)
    assert np.concatenate([labels for _, labels in loader]).tolist() == list(range(8))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number from 1, not 0"),
        ({"num_workers": -1}, "num_workers must be a whole number from 0"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"shuffle": True, "sampler": [1]}, "shuffle and sampler are given"),
        ({"num_worker": 1}, "Did you mean 'num_workers'"),
        ({"rank": 3, "world_size": 2}, "rank 3 is not one of the 2 processes"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        DataLoader(Labelled(), **options)


def test_wrong_options_of_workers_are_refused(backend: Backend) -> None:
    for options, message in (
        ({"prefetch": 0}, "prefetch must be"),
        ({"timeout": -1}, "timeout must be"),
        ({"start_method": "clone"}, "start_method must be one of fork, spawn, forkserver"),
    ):
        with pytest.raises(OptionError, match=message):
            DataLoader(Labelled(), num_workers=1, backend=backend, **options)  # type: ignore[arg-type]  # wrong


def test_what_is_no_data_set_or_empty_is_refused() -> None:
    with pytest.raises(OptionError, match="dataset must have len"):
        DataLoader(iter([1, 2]))
    with pytest.raises(InputError, match="Labelled holds no samples"):
        DataLoader(Labelled(0)).batches(0)


def test_the_shape_analyser_loads_nothing_in_workers() -> None:
    with pytest.raises(UnsupportedError, match="num_workers=0 loads in this process"):
        DataLoader(Labelled(), num_workers=1, backend="shapes")


def test_loaders_are_built_as_openmmlab_builds_them() -> None:
    config = {
        "dataset": {"type": "FakeData", "size": 6, "shape": (1, 2, 2)},
        "batch_size": 4,
        "num_workers": 0,
        "sampler": {"type": "DefaultSampler", "shuffle": True},
        "persistent_workers": True,
        "pin_memory": True,
        "prefetch_factor": None,
        "collate_fn": "pseudo_collate",
    }
    loader = build_loader(config, seed=9, rank=1, world_size=2)
    assert loader.collate is pseudo_collate
    assert loader.sampler.indices(0).tolist() == permutation(6, 9)[1::2].tolist()
    assert build_loader(loader) is loader
    with pytest.raises(OptionError, match="needs `dataset`"):
        build_loader({"batch_size": 4})
    with pytest.raises(OptionError, match="collate_fn must be"):
        build_loader({**config, "collate_fn": "colate"})
    with pytest.raises(ConfigTypeError):
        build_loader({**config, "dataset": 3})


def test_samples_that_do_not_fit_are_refused_alike_in_workers(backend: Backend) -> None:
    class Growing(Labelled):
        def load(self, index: int) -> tuple[Any, int]:
            return np.zeros(index + 1), index

    for workers in (0, 1):
        with pytest.raises(InputError, match="do not fit into one batch") as caught:
            list(DataLoader(Growing(), 4, num_workers=workers, backend=backend))
        assert not isinstance(caught.value, SampleError)


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_samples_is_a_data_set(kind: Any) -> None:
    samples = kind((np.full((2,), index, np.float32), index) for index in range(5))
    loader = build_loader({"batch_size": 2, "dataset": samples})
    assert loader.dataset is samples
    assert labels_of(loader) == [[0, 1], [2, 3], [4]]
    named = build_loader({"batch_size": 2, "dataset": kind([{"inputs": np.zeros(2), "name": "a"}])})
    assert next(iter(named))["name"] == ["a"]


def test_a_list_of_configs_is_no_data_set() -> None:
    with pytest.raises(ConfigTypeError, match="not a list of 2 configs"):
        build_loader({"dataset": [{"type": "FakeData"}, {"type": "FakeData"}]})


def test_a_message_does_not_print_arrays() -> None:
    from polynet.data import TRANSFORMS

    with pytest.raises(ConfigTypeError, match="is a mapping with `type`, not a list of 1") as caught:
        TRANSFORMS.build([np.zeros(1000)])
    assert "array" not in str(caught.value)
