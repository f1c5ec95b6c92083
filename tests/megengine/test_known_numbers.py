"""Whole numbers that came from the host are known without waiting, and only as long as they are true."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from polynet.backend import Backend, find_backend, get_backend
from polynet.errors import InputIndexError

pytestmark = pytest.mark.skipif(not find_backend("megengine").installed, reason="MegEngine is not installed")

NUMBERS = np.array([1, 2, 3])


@pytest.fixture
def megengine() -> Backend:
    return get_backend("megengine")


def test_labels_are_checked_without_reading_the_tensor(megengine: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = megengine.tensor(NUMBERS)
    logits = megengine.tensor(np.zeros((3, 3), np.float32))

    def read(_: object) -> None:
        raise AssertionError("the values were waited for")

    monkeypatch.setattr(type(labels).__mro__[1], "numpy", read)
    with pytest.raises(InputIndexError, match="values from 1 to 3; allowed are 0 to 2"):
        megengine.ops.cross_entropy(logits, labels)


@pytest.mark.parametrize("place", [0, slice(None)])
def test_a_number_written_into_labels_is_looked_at(megengine: Backend, place: object) -> None:
    labels = megengine.tensor(NUMBERS)
    labels[place] = 7
    with pytest.raises(InputIndexError, match="to 7"):
        megengine.ops.cross_entropy(megengine.tensor(np.zeros((3, 4), np.float32)), labels)


def test_labels_changed_in_place_are_looked_at(megengine: Backend) -> None:
    labels = megengine.tensor(NUMBERS)
    labels += 4
    with pytest.raises(InputIndexError, match="from 5 to 7"):
        megengine.ops.cross_entropy(megengine.tensor(np.zeros((3, 4), np.float32)), labels)


def test_an_array_changed_afterwards_changes_nothing(megengine: Backend) -> None:
    array = np.array([0, 1, 2], np.int32)
    labels = megengine.tensor(array)
    array[:] = 9
    loss = megengine.ops.cross_entropy(megengine.tensor(np.zeros((3, 3), np.float32)), labels)
    assert megengine.numpy(loss) == pytest.approx(np.log(3))


@pytest.mark.parametrize("again", [copy.deepcopy, lambda tensor: pickle.loads(pickle.dumps(tensor))])
def test_copies_have_the_same_numbers(megengine: Backend, again: object) -> None:
    found = again(megengine.tensor(NUMBERS))  # type: ignore[operator]  # one of the two functions above
    assert megengine.numpy(found).dtype == np.int32
    assert megengine.numpy(found).tolist() == [1, 2, 3]
