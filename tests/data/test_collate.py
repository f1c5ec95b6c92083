from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from polynet.backend import Backend
from polynet.data.collate import collate, pseudo_collate
from polynet.data.data_sample import DataSample
from polynet.data.packing import pack, unpack
from polynet.errors import InputError


class Pair(NamedTuple):
    left: int
    right: float


def test_structures_are_kept_and_leaves_stacked() -> None:
    batch = collate([{"a": (np.float32(1), [2, True]), "b": "x"}, {"a": (np.float32(3), [4, False]), "b": "y"}])
    assert batch["b"] == ["x", "y"]
    first, (second, third) = batch["a"]
    assert (first.dtype, second.dtype, third.dtype) == (np.float32, np.int64, np.bool_)
    assert (first.tolist(), second.tolist(), third.tolist()) == ([1.0, 3.0], [2, 4], [True, False])


def test_named_tuples_stay_named() -> None:
    batch = collate([Pair(1, 2.0), Pair(3, 4.0)])
    assert isinstance(batch, Pair)
    assert batch.right.dtype == np.float64
    assert pseudo_collate([Pair(1, 2.0), Pair(3, 4.0)]) == Pair([1, 3], [2.0, 4.0])  # type: ignore[arg-type]  # lists


def test_torch_collates_alike(reference: Backend) -> None:
    default_collate = pytest.importorskip("torch.utils.data").default_collate
    samples = [(np.full((2, 2), value, np.float32), value, float(value)) for value in range(3)]
    for ours, theirs in zip(collate(samples), default_collate(samples), strict=True):
        assert ours.dtype == theirs.numpy().dtype
        assert np.array_equal(ours, theirs.numpy())


def test_tensors_are_stacked(backend: Backend) -> None:
    batch = collate([backend.tensor([1.0, 2.0]), backend.tensor([3.0, 4.0])])
    assert isinstance(batch, np.ndarray)
    assert batch.dtype == np.float32
    assert batch.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_data_samples_stay_a_list() -> None:
    samples = [
        {"inputs": np.zeros((3, 2, 2), np.uint8), "data_samples": DataSample().set_gt_label(i)} for i in range(2)
    ]
    batch = collate(samples)
    assert batch["inputs"].shape == (2, 3, 2, 2)
    assert [each.gt_label.tolist() for each in batch["data_samples"]] == [[0], [1]]


def test_images_of_pillow_become_arrays() -> None:
    image = pytest.importorskip("PIL.Image")
    batch = collate([image.new("RGB", (4, 2)), image.new("RGB", (4, 2), (1, 2, 3))])
    assert batch.dtype == np.uint8
    assert batch.shape == (2, 3, 2, 4)
    assert batch[1, :, 0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([(np.zeros((3, 4)), 0), (np.zeros((3, 5)), 0)], r"a sample\[0\] has shapes \(3, 4\), \(3, 5\)"),
        ([{"a": 1}, {"b": 1}], "has keys"),
        ([(1, 2), (1,)], "has lengths 2 in one and 1 in another"),
        ([(1, 2), (1, None)], r"a sample\[1\] is of types NoneType, int"),
        ([], "nothing to collate"),
    ],
)
def test_what_does_not_fit_together_is_named(samples: list[object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        collate(samples)


def test_packing_gives_back_what_went_in() -> None:
    value = {
        "images": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        "labels": (np.array([1, 2]), np.zeros(0)),
        "s": "x",
    }
    again = unpack(pack(value))
    assert again["s"] == "x"
    assert again["images"].dtype == np.uint8
    assert np.array_equal(again["images"], value["images"])
    assert again["labels"][0].tolist() == [1, 2]
    assert again["labels"][1].shape == (0,)
    assert again["images"].flags.writeable


def test_packed_arrays_lie_at_aligned_places() -> None:
    arrays = unpack(pack([np.zeros(3, np.uint8), np.zeros(5, np.float64), np.asfortranarray(np.eye(3))]))
    block_start = arrays[0].__array_interface__["data"][0]
    assert (arrays[1].__array_interface__["data"][0] - block_start) % 64 == 0
    assert np.array_equal(arrays[2], np.eye(3))
