"""What the tests of weights share: arrays of every type, nets without a framework, lists of real names and shapes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet.slots import Slot

DATA = Path(__file__).parent / "data"
BATCH_NORM = ("weight", "bias", "running_mean", "running_var")


class ArraySlot(Slot):
    """A slot over a numpy array, so that loading is tested where no framework is installed."""

    __slots__ = ("array", "writes")

    def __init__(self, name: str, array: np.ndarray[Any, Any]) -> None:
        super().__init__(name, None, name.rpartition(".")[2], "parameter", array.shape, array.dtype.name, True)
        self.array = array
        self.writes = 0

    @property
    def tensor(self) -> np.ndarray[Any, Any]:
        return self.array

    def canonical(self, tensor: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return tensor.copy()

    def view(self) -> None:
        return None

    def write(self, array: np.ndarray[Any, Any]) -> None:
        assert array.shape == self.shape
        assert array.dtype == self.array.dtype
        self.array[...] = array
        self.writes += 1


class ArrayNet:
    """A network that is nothing but its slots."""

    def __init__(self, arrays: Mapping[str, np.ndarray[Any, Any]], family: str | None = None) -> None:
        self.slots = {name: ArraySlot(name, array.copy()) for name, array in arrays.items()}
        if family is not None:
            self.family = family

    def snapshot(self) -> dict[str, bytes]:
        return {name: slot.array.tobytes() for name, slot in self.slots.items()}


class ArrayBackend:
    """The part of a backend that moving weights uses."""

    def slots(self, net: ArrayNet) -> Mapping[str, ArraySlot]:
        return net.slots

    def synchronise(self) -> None:
        return


@pytest.fixture
def array_net(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ArrayNet]:
    """A maker of networks that need no framework."""
    from polynet.weights import transfer

    real = transfer.backend_of
    backend = ArrayBackend()
    monkeypatch.setattr(transfer, "backend_of", lambda value: backend if isinstance(value, ArrayNet) else real(value))
    return ArrayNet


@pytest.fixture
def arrays() -> dict[str, np.ndarray[Any, Any]]:
    """Arrays of every type a checkpoint holds, of no element, one and many, contiguous or not."""
    generator = np.random.default_rng(0)
    many = generator.standard_normal((6, 4)).astype(np.float32)
    return {
        "float32": many,
        "float64": many.astype(np.float64),
        "float16": many.astype(np.float16),
        "int64": generator.integers(-(2**60), 2**60, (3, 2)),
        "int32": generator.integers(-9, 9, (2, 2, 2)).astype(np.int32),
        "int16": np.array([-300, 300], np.int16),
        "int8": np.array([-3, 3], np.int8),
        "uint8": np.arange(256, dtype=np.uint8),
        "bool": np.array([True, False, True]),
        "scalar": np.array(1.5, np.float32),
        "empty": np.zeros((0, 3), np.float32),
        "transposed": many.T,
        "stepped": many[::2, 1:],
        "weights/ünïcode": np.ones(2, np.float32),
    }


def assert_same(found: Mapping[str, np.ndarray[Any, Any]], wanted: Mapping[str, np.ndarray[Any, Any]]) -> None:
    assert set(found) == set(wanted)
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype, name
        assert found[name].shape == array.shape, name
        np.testing.assert_array_equal(found[name], array)


@pytest.fixture
def same() -> Callable[..., None]:
    return assert_same


def _framework(request: pytest.FixtureRequest, name: str) -> Any:
    if name not in [backend.name for backend in request.getfixturevalue("frameworks")]:
        pytest.skip(f"needs {name}")
    return pytest.importorskip(name)


@pytest.fixture
def torch(request: pytest.FixtureRequest) -> Any:
    return _framework(request, "torch")


@pytest.fixture
def megengine(request: pytest.FixtureRequest) -> Any:
    return _framework(request, "megengine")


def listing(name: str) -> dict[str, Any]:
    """A file of names and shapes; an entry that is one number is a batch normalisation of that many channels."""
    found = json.loads((DATA / f"{name}.json").read_text())
    shapes: dict[str, tuple[int, ...]] = {}
    for key, value in found["tensors"].items():
        if isinstance(value, int):
            shapes.update({f"{key}.{leaf}": (value,) for leaf in BATCH_NORM})
        else:
            shapes[key] = tuple(value)
    return {**found, "tensors": shapes}


@pytest.fixture
def listed() -> Callable[[str], dict[str, Any]]:
    return listing
